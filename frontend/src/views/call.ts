/**
 * Asking who is near: the place by a tap on the map, by one's own position, or by an address (the form itself).
 *
 * Elements: #call-map; form#call-where with [name=field]; #call-locate; #call-status. JSON "call-data": {places: FeatureCollection
 * of points {kind, name}, here: {lon, lat, accuracy} or null}.
 */
import type { FeatureCollection } from "geojson";
import { pageData } from "../data";
import { pointFeature } from "../geo";
import { showSettlements } from "../layers/areas";
import { showHere, showPlaces } from "../layers/places";
import { openMap } from "../map";
import { coordinate, currentPosition } from "../place-words";

interface CallData {
  places?: FeatureCollection | null;
  here?: { lon: number; lat: number; accuracy: number | null } | null;
}

/** Asks anew from there; the page leads on. */
function ask(lon: number, lat: number, accuracy?: number): void {
  const field = document.querySelector<HTMLSelectElement>("#call-where [name=field]")?.value ?? "";
  const asked = new URLSearchParams({ lon: coordinate(lon), lat: coordinate(lat), field, ...(accuracy ? { accuracy: String(Math.round(accuracy)) } : {}) });
  location.assign(`?${asked.toString()}`);
}

async function start(element: HTMLElement, data: CallData): Promise<void> {
  const { here } = data;
  const map = await openMap(element, { fit: here ? pointFeature(here.lon, here.lat) : null });
  if (!map) return;
  showSettlements(map);
  showPlaces(map, "places", data.places);
  if (here) showHere(map, [here.lon, here.lat], here.accuracy);
  map.onTap(([lon, lat]) => ask(lon, lat));
}

document.querySelector("#call-locate")?.addEventListener("click", async () => {
  const status = document.querySelector("#call-status");
  const say = (words: string) => {
    if (status) status.textContent = words;
  };
  say("正在定位…");
  try {
    const at = await currentPosition();
    ask(at.lon, at.lat, at.accuracy);
  } catch (error) {
    say((error as Error).message);
  }
});

const element = document.querySelector<HTMLElement>("#call-map");
if (element) void start(element, pageData<CallData>("call-data") ?? {});
