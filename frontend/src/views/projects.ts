/**
 * All key projects that a list is about, on a map in the colour of how they stand: map and list in step.
 *
 * Elements: #projects-map, #projects-map-note, items [data-id][data-lon][data-lat][data-name][data-note][data-tone]. JSON
 * "projects-data": {url, wanted}. The url answers {points: [lon, lat, code, name, tone, points behind plan or null, stage in words][], more}.
 */
import type { FeatureCollection } from "geojson";
import { request } from "../api";
import { pageData } from "../data";
import { boundsOf, collection, pointFeature } from "../geo";
import { showSettlements } from "../layers/areas";
import { showProgress } from "../layers/progress";
import { lightProject, PROJECT_LAYERS, showProjects } from "../layers/projects";
import { linkList, text } from "../linked";
import { openMap } from "../map";

type Point = [number, number, string, string, string, number | null, string];

interface Answer {
  points: Point[];
  more: boolean;
}

interface ProjectsData {
  url: string;
  wanted: Record<string, string>;
}

/** Percentage points behind plan, in words. */
export function lagWords(lag: number | null): string {
  if (lag === null) return "没有进度";
  if (Math.abs(lag) < 3) return "按计划推进";
  return lag > 0 ? `比计划慢 ${Math.round(lag)} 个百分点` : `比计划快 ${Math.round(-lag)} 个百分点`;
}

/** Every project that is listed on this page, from the list itself. */
function listed(): FeatureCollection {
  const items = [...document.querySelectorAll<HTMLElement>("[data-id][data-lon]")];
  return collection(
    items.map(({ dataset }) =>
      pointFeature(Number(dataset.lon), Number(dataset.lat), { id: dataset.id, name: dataset.name, tone: dataset.tone, note: dataset.note, url: dataset.url }),
    ),
  );
}

async function start(element: HTMLElement, data: ProjectsData): Promise<void> {
  const answer = await request<Answer>(data.url).catch(() => ({ points: [], more: true }) satisfies Answer);
  const here = listed();
  const known = new Set(here.features.map((feature) => feature.properties?.id));
  const stages = new Map(answer.points.map((point) => [point[2], point[6]]));
  for (const feature of here.features) feature.properties = { ...feature.properties, stage: stages.get(feature.properties?.id) };
  const rest = answer.points
    .filter(([, , code]) => !known.has(code))
    .map(([lon, lat, code, name, tone, lag, stage]) => pointFeature(lon, lat, { id: code, name, tone, stage, note: lagWords(lag), url: `/projects/${encodeURIComponent(code)}/` }));
  const all = answer.more ? here : collection([...rest, ...here.features]);
  const note = document.querySelector<HTMLElement>("#projects-map-note");
  if (note) note.textContent = answer.more ? "项目很多：大点是这一页的项目，小点是全县的项目；加上筛选条件，可以只看其中一部分。" : "";
  const map = await openMap(element, { fit: boundsOf(all) });
  if (!map) return;
  showSettlements(map);
  if (answer.more) showProgress(map, data.wanted);
  showProjects(map, all);
  lightProject(map, null);
  linkList(map, {
    list: document,
    layers: PROJECT_LAYERS,
    light: (id) => lightProject(map, id),
    tip: (hit) => [hit.properties.name, hit.properties.stage, hit.properties.note].map(text).filter((line) => line !== null),
    choose: (_id, hit) => {
      if (!hit) return;
      const url = text(hit.properties.url);
      const lines = [hit.properties.name, hit.properties.stage, hit.properties.note].map(text).filter((line) => line !== null);
      map.showCard(hit.at, lines, url ? { url, label: "查看" } : undefined);
    },
  });
}

const element = document.querySelector<HTMLElement>("#projects-map");
const data = pageData<ProjectsData>("projects-data");
if (element && data) void start(element, data);
