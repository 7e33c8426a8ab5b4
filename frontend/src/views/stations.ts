/**
 * Stations and deputies in public: the list of stations with its map, or one deputy's districts, station and workplace.
 *
 * Elements: #stations-map; list items [data-id]. JSON "stations-data": {places: FeatureCollection of points {id, kind, name,
 * url?, note?}, districts?: FeatureCollection {level, name}}.
 */
import type { FeatureCollection } from "geojson";
import { pageData } from "../data";
import { boundsOf } from "../geo";
import { showSettlements } from "../layers/areas";
import { showDistricts } from "../layers/districts";
import { showPlaces, symbolKey } from "../layers/places";
import { linkList, text } from "../linked";
import { openMap } from "../map";

interface StationsData {
  places?: FeatureCollection | null;
  districts?: FeatureCollection | null;
}

async function start(element: HTMLElement, { places, districts }: StationsData): Promise<void> {
  const map = await openMap(element, { fit: boundsOf(places, districts) });
  if (!map) return;
  showSettlements(map);
  showDistricts(map, districts);
  showPlaces(map, "places", places);
  symbolKey(element.parentElement, places);
  linkList(map, {
    list: document,
    layers: ["places"],
    light: (id) => map.setPaint("places", { "icon-opacity": id === null ? 1 : ["case", ["==", ["get", "id"], id], 1, 0.45] }),
    tip: (hit) => [hit.properties.name, hit.properties.note].map(text).filter((line) => line !== null),
    choose: (_id, hit) => {
      const url = hit && text(hit.properties.url);
      if (!hit || !url) return;
      map.showCard(hit.at, [hit.properties.name, hit.properties.note].map(text).filter((line) => line !== null), { url, label: "查看" });
    },
  });
}

/** A folded map is drawn when it is opened. */
const element = document.querySelector<HTMLElement>("#stations-map");
if (element) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    void start(element, pageData<StationsData>("stations-data") ?? {});
  }, { rootMargin: "200px" });
  watch.observe(element);
}
