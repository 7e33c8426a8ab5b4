/** Hot spots: a numbered ring on the map for each card beside it, the first on top. */
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
  lightSpot(map, null);
}

/** Draws the rings, the lit one filled. Ring and number of one spot stay together where several overlap. */
export function lightSpot(map: PlaceMap, id: string | null): void {
  const lit = ["==", ["to-string", ["get", "id"]], id ?? ""];
  map.addLayer({
    id: "spots-mark",
    type: "symbol",
    source: "spots",
    layout: {
      "icon-image": ["case", lit, "spot-lit", "spot"] as never,
      "icon-allow-overlap": true,
      "text-field": ["to-string", ["get", "rank"]],
      "text-font": FONTS,
      "text-size": 13,
      "text-allow-overlap": true,
      "symbol-sort-key": ["case", lit, 0, ["-", 0, ["get", "rank"]]] as never,
    },
    paint: { "text-color": "#7a1410" },
  });
}
