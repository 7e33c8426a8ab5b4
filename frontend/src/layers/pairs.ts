/** Assignments: a line from each project to the place of the deputy who supervises it; the lit one stands out. */
import type { FeatureCollection } from "geojson";
import { collection } from "../geo";
import type { LonLat, PlaceMap } from "../map";

export interface Pair {
  id: string;
  project: string;
  deputy: string;
  from: LonLat;
  to: LonLat;
  /** "staff" where a person changed what was proposed. */
  origin?: string;
  metres?: number;
}

export const PAIR_LAYERS = ["pairs-touch"];

export function pairLines(pairs: readonly Pair[]): FeatureCollection {
  return collection(
    pairs.map(({ from, to, ...properties }) => ({
      type: "Feature",
      properties,
      geometry: { type: "LineString", coordinates: [from, to] },
    })),
  );
}

/** Draws the lines under the layer `below` (the symbols). A wide unseen line makes them easy to touch. */
export function showPairs(map: PlaceMap, pairs: readonly Pair[], below: string): void {
  map.setData("pairs", pairLines(pairs));
  map.addLayer(
    {
      id: "pairs-line",
      type: "line",
      source: "pairs",
      layout: { "line-cap": "round" },
      paint: { "line-color": colour(null) as never, "line-width": 1.4, "line-opacity": 0.75 },
    },
    below,
  );
  map.addLayer(
    { id: "pairs-touch", type: "line", source: "pairs", paint: { "line-color": "#000000", "line-opacity": 0, "line-width": 12 } },
    below,
  );
}

function colour(lit: string | null): unknown[] | string {
  const plain = ["match", ["get", "origin"], "staff", "#b7791f", "#1d5fa8"];
  return lit === null ? plain : ["case", ["==", ["get", "id"], lit], plain, "#b4bdc7"];
}

/** Lights one line and dims the others; null lights all alike. */
export function lightPair(map: PlaceMap, id: string | null): void {
  const chosen = ["==", ["get", "id"], id ?? ""];
  map.setPaint("pairs-line", {
    "line-color": colour(id),
    "line-width": id === null ? 1.4 : ["case", chosen, 4, 1],
    "line-opacity": id === null ? 0.75 : ["case", chosen, 1, 0.45],
  });
}
