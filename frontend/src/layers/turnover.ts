/**
 * A draft of districts over the set before it: new districts tinted by how many people stand behind a seat, old borders dashed,
 * doorplates that change district as dots, faults in red.
 */
import type { FeatureCollection } from "geojson";
import type { PlaceMap } from "../map";
import { legendBox, legendRow, swatch } from "./heat";
import { BELOW_BORDERS, BELOW_NAMES } from "./areas";

/** Deviations of people per seat: fewer than the mean in blue, more in orange, a neutral middle. */
export const STEPS: readonly { upTo: number; colour: string; label: string }[] = [
  { upTo: -0.3, colour: "#2c6fb3", label: "少三成以上" },
  { upTo: -0.1, colour: "#a9cbe8", label: "少一成至三成" },
  { upTo: 0.1, colour: "#efefec", label: "相差一成以内" },
  { upTo: 0.3, colour: "#f5c99a", label: "多一成至三成" },
  { upTo: Infinity, colour: "#d9772b", label: "多三成以上" },
];

export interface TurnoverData {
  old: FeatureCollection;
  new: FeatureCollection;
  seams: FeatureCollection;
  changes: FeatureCollection;
  /** False: the dots are counts of squares of some 200 m. */
  exact: boolean;
}

export const TURNOVER_LAYERS = ["turnover-changes", "turnover-new"];

/** The tint of a district; null where its people are not known. */
export function tint(deviation: number | null | undefined): string {
  if (deviation === null || deviation === undefined) return "rgba(0,0,0,0)";
  return (STEPS.find((step) => deviation < step.upTo) ?? STEPS[STEPS.length - 1])?.colour ?? "#efefec";
}

export function showTurnover(map: PlaceMap, data: TurnoverData): void {
  map.setData("turnover-old", data.old);
  map.setData("turnover-new", data.new);
  map.setData("turnover-seams", data.seams);
  const colour: unknown[] = ["match", ["get", "id"]];
  for (const feature of data.new.features) colour.push(feature.properties?.id, tint(feature.properties?.deviation as number | null));
  colour.push("rgba(0,0,0,0)");
  const fill = data.new.features.length > 0 ? colour : "rgba(0,0,0,0)";
  map.addLayer({ id: "turnover-new", type: "fill", source: "turnover-new", paint: { "fill-color": fill as never, "fill-opacity": 0.8 } }, BELOW_BORDERS);
  map.addLayer(
    { id: "turnover-old-line", type: "line", source: "turnover-old", paint: { "line-color": "#5b6770", "line-width": 1.6, "line-dasharray": [2, 2] } },
    BELOW_NAMES,
  );
  map.addLayer({ id: "turnover-new-line", type: "line", source: "turnover-new", paint: { "line-color": "#1d5fa8", "line-width": 1.8 } }, BELOW_NAMES);
  map.addLayer({ id: "turnover-seams", type: "fill", source: "turnover-seams", paint: { "fill-color": "#b3261e", "fill-opacity": 0.75 } }, BELOW_NAMES);
  map.addLayer({ id: "turnover-seams-line", type: "line", source: "turnover-seams", paint: { "line-color": "#b3261e", "line-width": 3 } }, BELOW_NAMES);
  showChanges(map, data.changes);
  lightDistrict(map, null);
  map.setLegend(legend(data));
}

export function showChanges(map: PlaceMap, changes: FeatureCollection): void {
  map.setData("turnover-changes", changes);
  map.addLayer({
    id: "turnover-changes",
    type: "circle",
    source: "turnover-changes",
    paint: {
      "circle-color": "#6b3fa0",
      "circle-opacity": 0.75,
      "circle-stroke-color": "#ffffff",
      "circle-stroke-width": 0.6,
      "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "count"]], 1, 2.6, 10, 9, 30, 18] as never,
    },
  });
}

/** Rings one new district; null rings none. */
export function lightDistrict(map: PlaceMap, id: number | null): void {
  map.addLayer({
    id: "turnover-lit",
    type: "line",
    source: "turnover-new",
    filter: ["==", ["get", "id"], id ?? -1],
    paint: { "line-color": map.colours.select, "line-width": 4 },
  });
}

function legend(data: TurnoverData): HTMLElement {
  const rows = STEPS.map(({ colour, label }) => legendRow(swatch(colour), label));
  rows.push(legendRow(swatch("#6b3fa0"), data.exact ? "改属的门牌" : "改属的门牌（圆越大越多）"));
  if (data.seams.features.length > 0) rows.push(legendRow(swatch("#b3261e"), "重叠、空隙或超出范围"));
  return legendBox("每名代表所代表的人口", rows, "蓝线是新选区，灰虚线是原选区");
}
