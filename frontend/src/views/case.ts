/**
 * Any page about one place, a 民情件 above all: a small map with the place and what is near.
 *
 * Elements: #case-map. JSON "case-data": {point: {lon, lat}, kind?: "case", name?, near?: FeatureCollection of points
 * {kind, name, url?}, districts?: FeatureCollection {level, name}}.
 */
import type { FeatureCollection } from "geojson";
import { pageData } from "../data";
import { collection, pointFeature } from "../geo";
import { showSettlements } from "../layers/areas";
import { showDistricts } from "../layers/districts";
import { showPlaces, symbolKey } from "../layers/places";
import { resultView } from "../layers/result";
import { text } from "../linked";
import { openMap } from "../map";
import { connectMerging, connectMoves } from "../moves";

interface CaseData {
  point: { lon: number; lat: number };
  kind?: string;
  name?: string;
  near?: FeatureCollection | null;
  districts?: FeatureCollection | null;
}

async function start(element: HTMLElement, data: CaseData): Promise<void> {
  const place = pointFeature(data.point.lon, data.point.lat, { kind: data.kind ?? "case", name: data.name ?? "" });
  const map = await openMap(element, { fit: resultView({ point: data.point, places: data.near }) });
  if (!map) return;
  showSettlements(map);
  if (data.districts) showDistricts(map, data.districts);
  showPlaces(map, "near", data.near);
  showPlaces(map, "place", collection([place]));
  symbolKey(element.parentElement, collection([place]), data.near);
  map.onFeature(["near"], {
    hover: (hit) => map.showTip(hit?.at ?? null, hit ? [String(hit.properties.name ?? "")] : []),
    click: (hit) => {
      const url = text(hit.properties.url);
      map.showCard(hit.at, [String(hit.properties.name ?? "")], url ? { url, label: "查看" } : undefined);
    },
  });
}

const element = document.querySelector<HTMLElement>("#case-map");
const data = pageData<CaseData>("case-data");
if (element && data) void start(element, data);
connectMoves(document);
connectMerging();
