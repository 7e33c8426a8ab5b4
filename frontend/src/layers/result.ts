/** What was found for a resident's place: the place itself, its districts, the stations near it. */
import type { FeatureCollection } from "geojson";
import { type Bounds, boundsOf, collection, metresBetween, pointFeature } from "../geo";
import type { PlaceMap } from "../map";
import { showSettlements } from "./areas";
import { showDistricts } from "./districts";
import { showHere, showPlaces, symbolKey } from "./places";

export interface FoundPlace {
  point: { lon: number; lat: number; accuracy_m?: number | null };
  districts?: FeatureCollection | null;
  places?: FeatureCollection | null;
}

const NEAREST = 3;

/** The place with the nearest few of what is around it, so that distances can be judged. */
export function resultView({ point, places }: FoundPlace): Bounds | null {
  const here: [number, number] = [point.lon, point.lat];
  const away = (f: FeatureCollection["features"][number]) =>
    f.geometry.type === "Point" ? metresBetween(here, f.geometry.coordinates) : Infinity;
  const near = [...(places?.features ?? [])].sort((a, b) => away(a) - away(b)).slice(0, NEAREST);
  return boundsOf(pointFeature(...here), collection(near));
}

export function showResult(map: PlaceMap, element: HTMLElement, found: FoundPlace): void {
  showSettlements(map);
  showDistricts(map, found.districts);
  showPlaces(map, "places", found.places);
  showHere(map, [found.point.lon, found.point.lat], found.point.accuracy_m);
  symbolKey(element.parentElement, found.places);
  map.onFeature(["places"], {
    hover: (hit) => map.showTip(hit?.at ?? null, hit ? [String(hit.properties.name ?? "")] : []),
  });
}
