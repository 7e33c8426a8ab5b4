/** All key projects from our tiles, in the colour of how they stand; where there are many, a disc says how many and whether some are late. */
import type { PlaceMap } from "../map";
import { TONES } from "../symbols";
import { BELOW_NAMES, FONTS } from "./areas";

const COLOUR = ["match", ["get", "tone"], ...Object.entries(TONES).flat(), TONES.neutral] as never;
const ALONE = ["==", ["get", "count"], 1];

export const PROGRESS_LAYERS = ["progress-dot"];

/** Only those that are wanted are drawn, by what a tile tells: {kind?, stage?, tone?}; discs of many stand for all. */
export function showProgress(map: PlaceMap, wanted: Record<string, string> = {}): void {
  const asked = ["kind", "stage", "tone"].filter((name) => wanted[name]).map((name) => ["==", ["get", name], wanted[name]]);
  map.addTiles("progress");
  map.addLayer(
    {
      id: "progress-shape",
      type: "line",
      source: "progress",
      "source-layer": "progress_shape",
      ...(wanted.tone ? { filter: ["==", ["get", "tone"], wanted.tone] as never } : { filter: ["has", "tone"] as never }),
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": COLOUR, "line-width": 2, "line-opacity": 0.6 },
    },
    BELOW_NAMES,
  );
  map.addLayer(
    {
      id: "progress-many",
      type: "circle",
      source: "progress",
      "source-layer": "progress",
      filter: [">", ["get", "count"], 1],
      paint: {
        "circle-color": COLOUR,
        "circle-opacity": 0.75,
        "circle-radius": ["interpolate", ["linear"], ["ln", ["get", "count"]], 0, 5, 8, 22],
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 1,
      },
    },
    BELOW_NAMES,
  );
  map.addLayer(
    {
      id: "progress-dot",
      type: "circle",
      source: "progress",
      "source-layer": "progress",
      filter: ["all", ALONE, ...asked] as never,
      paint: { "circle-color": COLOUR, "circle-radius": 4.5, "circle-opacity": 0.85, "circle-stroke-color": "#ffffff", "circle-stroke-width": 1 },
    },
    BELOW_NAMES,
  );
  map.addLayer({
    id: "progress-count",
    type: "symbol",
    source: "progress",
    "source-layer": "progress",
    filter: [">", ["get", "count"], 1],
    layout: { "text-field": ["to-string", ["get", "count"]] as never, "text-font": FONTS, "text-size": 11 },
    paint: { "text-color": "#ffffff", "text-halo-color": "#1f2933", "text-halo-width": 0.8 },
  });
}
