/**
 * Projects near somebody: map and list in step, whatever the list is filtered by; the list may follow the map.
 *
 * Elements: #nearby-map; #nearby-results, which is put anew, with items [data-id][data-lon][data-lat][data-tone][data-name]
 * [data-note][data-url]; #nearby-filters with the field `box`; #follow-map (checkbox); #here (button) with #here-status.
 * JSON "nearby-data": {places?: FeatureCollection of points {kind, name}, here?: {lon, lat, accuracy?}}.
 */
import type { FeatureCollection } from "geojson";
import { pageData } from "../data";
import { type Bounds, boundsOf, collection, distanceWords, pointFeature } from "../geo";
import { showSettlements } from "../layers/areas";
import { showHere, showPlaces, symbolKey } from "../layers/places";
import { PROGRESS_LAYERS, showProgress } from "../layers/progress";
import { lightProject, PROJECT_LAYERS, showProjects } from "../layers/projects";
import { linkList, text } from "../linked";
import { type Hit, openMap, type PlaceMap } from "../map";
import { coordinate, currentPosition } from "../place-words";

interface NearbyData {
  places?: FeatureCollection | null;
  here?: { lon: number; lat: number; accuracy?: number | null } | null;
}

const STILL = 400; // milliseconds without moving the map before the list is asked for

function listed(): FeatureCollection {
  const items = [...document.querySelectorAll<HTMLElement>("#nearby-results [data-lon]")];
  return collection(
    items.map(({ dataset }) =>
      pointFeature(Number(dataset.lon), Number(dataset.lat), {
        id: dataset.id,
        name: dataset.name,
        tone: dataset.tone,
        note: dataset.note,
        url: dataset.url,
      }),
    ),
  );
}

function filters(): Record<string, string> {
  const form = document.querySelector<HTMLFormElement>("#nearby-filters");
  const values = form ? [...new FormData(form)].map(([name, value]) => [name, String(value)] as const) : [];
  return Object.fromEntries(values.filter(([, value]) => value !== ""));
}

function lines(hit: Hit): string[] {
  return [hit.properties.name, hit.properties.note].map(text).filter((line) => line !== null);
}

/** After the list was put anew: its marks, its filters; in sight, unless it is the list that follows the map. */
function renew(map: PlaceMap, data: NearbyData): void {
  const projects = listed();
  showProjects(map, projects);
  showProgress(map, filters());
  if (!follows()) map.fit(boundsOf(projects, data.places));
}

function follows(): boolean {
  return document.querySelector<HTMLInputElement>("#follow-map")?.checked ?? false;
}

function connectFollowing(map: PlaceMap): void {
  const box = document.querySelector<HTMLInputElement>("#nearby-filters [name=box]");
  const choice = document.querySelector<HTMLInputElement>("#follow-map");
  if (!box || !choice) return;
  let waiting = 0;
  const ask = (value: string) => {
    box.value = value;
    box.form?.requestSubmit();
  };
  map.onMoved((bounds: Bounds) => {
    window.clearTimeout(waiting);
    if (choice.checked) waiting = window.setTimeout(() => ask(bounds.map((value) => value.toFixed(5)).join(",")), STILL);
  });
  choice.addEventListener("change", (event) => {
    event.stopPropagation(); // it is no filter: the list changes when the map is moved
    if (!choice.checked && box.value) ask("");
  });
}

async function start(element: HTMLElement, data: NearbyData): Promise<void> {
  const projects = listed();
  const here = data.here;
  const fit = boundsOf(projects, data.places, here && pointFeature(here.lon, here.lat));
  const map = await openMap(element, { fit });
  if (!map) return;
  showSettlements(map);
  showProgress(map, filters());
  showProjects(map, projects);
  lightProject(map, null);
  showPlaces(map, "places", data.places);
  if (here) showHere(map, [here.lon, here.lat], here.accuracy);
  const marks = collection(projects.features.slice(0, 1).map((feature) => ({ ...feature, properties: { kind: "project" } })));
  symbolKey(element.parentElement, data.places, marks);
  linkList(map, {
    list: document,
    layers: [...PROJECT_LAYERS, ...PROGRESS_LAYERS],
    light: (id) => lightProject(map, id),
    tip: lines,
    choose: (id, hit) => {
      if (hit) map.showCard(hit.at, lines(hit), { url: text(hit.properties.url) ?? `/projects/${encodeURIComponent(id)}/`, label: "查看" });
    },
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if ((event.target as Element).id === "nearby-results") renew(map, data);
  });
  connectFollowing(map);
}

function connectHere(button: HTMLButtonElement): void {
  const status = document.querySelector<HTMLElement>("#here-status");
  const say = (words: string) => {
    if (status) status.textContent = words;
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    say("正在定位…");
    try {
      const at = await currentPosition();
      say(`已定位，误差约 ${distanceWords(at.accuracy)}`);
      const { box: _box, page: _page, ...kept } = filters();
      const query = new URLSearchParams({ ...kept, from: "here", lat: coordinate(at.lat), lon: coordinate(at.lon), accuracy: String(Math.round(at.accuracy)) });
      for (const name of ["q", "doorplate", "datum"]) query.delete(name);
      location.assign(`${location.pathname}?${query}`);
    } catch (error) {
      say((error as Error).message);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

const element = document.querySelector<HTMLElement>("#nearby-map");
const button = document.querySelector<HTMLButtonElement>("#here");
if (element) void start(element, pageData<NearbyData>("nearby-data") ?? {});
if (button) connectHere(button);
for (const only of document.querySelectorAll<HTMLElement>("[data-with-map]")) only.hidden = false;
