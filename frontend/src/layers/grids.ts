/** The deputy grid: grids coloured by how many deputies are confirmed there; far out a village shows the fewest of its grids. */
import type { FeatureCollection } from "geojson";
import type { PlaceMap } from "../map";
import { BELOW_BORDERS, BELOW_NAMES } from "./areas";
import { legendBox, legendRow, swatch } from "./heat";

/** From none to many; none is warm, since it is what one looks for. */
export const STEPS: readonly { from: number; colour: string; label: string }[] = [
  { from: 0, colour: "#f3b391", label: "还没有代表" },
  { from: 1, colour: "#d5e5f4", label: "1 位" },
  { from: 2, colour: "#9cc3e6", label: "2 位" },
  { from: 3, colour: "#5b97cf", label: "3–4 位" },
  { from: 5, colour: "#1d5fa8", label: "5 位以上" },
];

export const GRID_LAYERS = ["grids"];

export function gridColour(confirmed: number): string {
  let colour = "#f3b391";
  for (const step of STEPS) if (confirmed >= step.from) colour = step.colour;
  return colour;
}

/** A deputy's own grids, who may not see who stands for the others. */
export function showOwn(map: PlaceMap, shapes: FeatureCollection): void {
  map.setData("grids", shapes);
  map.addLayer({ id: "grids", type: "fill", source: "grids", paint: { "fill-color": map.colours.select, "fill-opacity": 0.18 } }, BELOW_BORDERS);
  map.addLayer({ id: "grid-borders", type: "line", source: "grids", paint: { "line-color": map.colours.select, "line-width": 1.2 } }, BELOW_NAMES);
  lightOwn(map, null);
}

export function lightOwn(map: PlaceMap, id: string | null): void {
  map.addLayer({ id: "grid-lit", type: "line", source: "grids", filter: ["==", ["get", "id"], id ?? "-"], paint: { "line-color": map.colours.select, "line-width": 4 } });
}

/** only: the one grid that the page is about; null fills all of them by their numbers. */
export function showGrids(map: PlaceMap, only: string | null): void {
  map.addTiles("gridmember");
  const steps: unknown[] = ["step", ["get", "confirmed"], gridColour(0)];
  for (const step of STEPS.slice(1)) steps.push(step.from, step.colour);
  const fill = only ? ["match", ["get", "id"], only, map.colours.select, "rgba(0,0,0,0)"] : steps;
  const source = { source: "gridmember", "source-layer": "gridmember" } as const;
  map.addLayer({ id: "grids", type: "fill", ...source, paint: { "fill-color": fill as never, "fill-opacity": only ? 0.35 : 0.75 } }, BELOW_BORDERS);
  map.addLayer({ id: "grid-borders", type: "line", ...source, paint: { "line-color": "#8794a3", "line-width": 0.6 } }, BELOW_NAMES);
  lightGrid(map, null);
  if (!only) map.setLegend(legendBox("每个网格的代表", STEPS.map(({ colour, label }) => legendRow(swatch(colour), label)), "缩小时按村社显示其中人数最少的网格"));
}

/** Rings one grid; null rings none. */
export function lightGrid(map: PlaceMap, id: string | null): void {
  map.addLayer({
    id: "grid-lit",
    type: "line",
    source: "gridmember",
    "source-layer": "gridmember",
    filter: ["==", ["get", "id"], id ?? "-"],
    paint: { "line-color": map.colours.select, "line-width": 3 },
  });
}
