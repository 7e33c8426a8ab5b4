/**
 * A deputy's desk and other lists of projects: map and list in step.
 *
 * Elements: #deputy-map; list items [data-id]. JSON "deputy-data": {projects: FeatureCollection of any geometry {id, name,
 * tone, url?, note?}, places?: FeatureCollection of points {kind, name}, cases?: FeatureCollection of points {id, kind:
 * "case", name, tone?, url?}}.
 */
import type { FeatureCollection } from "geojson";
import { pageData } from "../data";
import { boundsOf, EMPTY } from "../geo";
import { showSettlements } from "../layers/areas";
import { lightProject, PROJECT_LAYERS, showProjects } from "../layers/projects";
import { showPlaces, symbolKey } from "../layers/places";
import { linkList, text } from "../linked";
import { openMap } from "../map";

interface DeputyData {
  projects?: FeatureCollection | null;
  places?: FeatureCollection | null;
  cases?: FeatureCollection | null;
}

async function start(element: HTMLElement, data: DeputyData): Promise<void> {
  const projects = data.projects ?? EMPTY;
  const map = await openMap(element, { fit: boundsOf(projects, data.places, data.cases) });
  if (!map) return;
  showSettlements(map);
  showProjects(map, projects);
  lightProject(map, null);
  showPlaces(map, "cases", data.cases, false);
  showPlaces(map, "places", data.places);
  const marks: FeatureCollection = { type: "FeatureCollection", features: projects.features.map((f) => ({ ...f, properties: { kind: "project" } })) };
  symbolKey(element.parentElement, data.places, marks, data.cases);
  linkList(map, {
    list: document,
    layers: ["cases", ...PROJECT_LAYERS],
    light: (id) => lightProject(map, id),
    tip: (hit) => [hit.properties.name, hit.properties.note].map(text).filter((line) => line !== null),
    choose: (_id, hit) => {
      if (!hit) return;
      const url = text(hit.properties.url);
      const lines = [hit.properties.name, hit.properties.note].map(text).filter((line) => line !== null);
      map.showCard(hit.at, lines, url ? { url, label: "查看" } : undefined);
    },
  });
}

const element = document.querySelector<HTMLElement>("#deputy-map");
if (element) void start(element, pageData<DeputyData>("deputy-data") ?? {});
