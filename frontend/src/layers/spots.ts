/** Hot spots: a numbered ring on the map for each card beside it. */
import type { FeatureCollection } from "geojson";
import { boundsOf, collection, pointFeature } from "../geo";
import type { PlaceMap } from "../map";
import { FONTS } from "./areas";

export const SPOT_LAYERS = ["spots-mark"];

export function showSpots(map: PlaceMap, spots: FeatureCollection): void {
  const marks = spots.features.flatMap((feature, index) => {
    const box = boundsOf(feature);
    return box ? [pointFeature((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, { ...feature.properties, rank: index + 1 })] : [];
  });
  map.setData("spots", collection(marks));
  map.addLayer({
    id: "spots-mark",
    type: "circle",
    source: "spots",
    paint: { "circle-radius": 12, "circle-color": "#ffffff", "circle-opacity": 0.94, "circle-stroke-color": "#7a1410", "circle-stroke-width": 2.5 },
  });
  map.addLayer({
    id: "spots-rank",
    type: "symbol",
    source: "spots",
    layout: { "text-field": ["to-string", ["get", "rank"]], "text-font": FONTS, "text-size": 13, "text-allow-overlap": true },
    paint: { "text-color": "#7a1410" },
  });
}

export function lightSpot(map: PlaceMap, id: string | null): void {
  const lit = ["==", ["get", "id"], id ?? ""];
  map.setPaint("spots-mark", { "circle-color": ["case", lit, "#fbd5c5", "#ffffff"], "circle-radius": ["case", lit, 15, 12] });
}
