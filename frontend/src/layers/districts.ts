/** Electoral districts 选区 of a place: county in blue, township in violet, a line and a light wash. */
import type { FeatureCollection } from "geojson";
import type { PlaceMap } from "../map";
import { BELOW_BORDERS, BELOW_NAMES } from "./areas";

const COLOUR = ["match", ["get", "level"], "township", "#6b3fa0", "#1d5fa8"];

export function showDistricts(map: PlaceMap, districts: FeatureCollection | null | undefined): void {
  map.setData("districts", districts);
  map.addLayer(
    { id: "district-wash", type: "fill", source: "districts", paint: { "fill-color": COLOUR as never, "fill-opacity": 0.09 } },
    BELOW_BORDERS,
  );
  map.addLayer(
    {
      id: "district-border",
      type: "line",
      source: "districts",
      layout: { "line-join": "round" },
      paint: {
        "line-color": COLOUR as never,
        "line-width": ["match", ["get", "level"], "township", 1.6, 2.4] as never,
        "line-dasharray": [4, 1.5],
      },
    },
    BELOW_NAMES,
  );
}
