/** What is wrong with districts: overlaps, gaps, what lies outside as filled spots with a ring that is seen from afar, doorplates as points. */
import type { Feature, FeatureCollection } from "geojson";
import { collection, pointFeature } from "../geo";
import type { LonLat, PlaceMap } from "../map";
import { BELOW_NAMES } from "./areas";

export const FAULT_LAYERS = ["faults-ring", "faults-fill"];

/** One point for each fault: a gap of a few square metres has no other way of being found on a county's map. */
export function faultMarks(faults: FeatureCollection): FeatureCollection {
  const marks: Feature[] = [];
  for (const feature of faults.features) {
    const at = feature.properties?.at as LonLat | undefined;
    if (at) marks.push(pointFeature(at[0], at[1], { ...feature.properties }));
  }
  return collection(marks);
}

export function showFaults(map: PlaceMap, faults: FeatureCollection): void {
  map.setData("faults", faults);
  map.setData("fault-marks", faultMarks(faults));
  map.addLayer(
    {
      id: "faults-fill",
      type: "fill",
      source: "faults",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": "#c2410c", "fill-opacity": 0.55 },
    },
    BELOW_NAMES,
  );
  map.addLayer({
    id: "faults-ring",
    type: "circle",
    source: "fault-marks",
    paint: { "circle-radius": 9, "circle-color": "#c2410c", "circle-opacity": 0.12, "circle-stroke-color": "#c2410c", "circle-stroke-width": 2 },
  });
  lightFault(map, null);
}

export function lightFault(map: PlaceMap, id: string | null): void {
  const lit = ["==", ["get", "id"], id ?? ""];
  map.setPaint("faults-ring", {
    "circle-radius": ["case", lit, 14, 9],
    "circle-stroke-width": ["case", lit, 4, 2],
    "circle-opacity": ["case", lit, 0.3, 0.12],
  });
}
