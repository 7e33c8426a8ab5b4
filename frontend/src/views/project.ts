/**
 * One project: where it is, and its progress against plan as a curve.
 *
 * Elements: #project-map; #project-curve, #project-spent (class chart). JSON "project-data": {shape: Feature or FeatureCollection,
 * tone, name, places?: FeatureCollection of points {kind, name}, curve?: {months, plan, actual, today?} in percent, spent?:
 * [month, 万元][]}.
 */
import type { Feature, FeatureCollection } from "geojson";
import type { Curve } from "../charts";
import { pageData } from "../data";
import { collection } from "../geo";
import { showSettlements } from "../layers/areas";
import { showPlaces, symbolKey } from "../layers/places";
import { showProjects } from "../layers/projects";
import { openMap } from "../map";

interface ProjectData {
  shape?: Feature | FeatureCollection | null;
  tone?: string;
  name?: string;
  places?: FeatureCollection | null;
  curve?: Curve | null;
  spent?: [string, number][];
}

function asProjects(data: ProjectData): FeatureCollection {
  const features = !data.shape ? [] : data.shape.type === "FeatureCollection" ? data.shape.features : [data.shape];
  return collection(features.map((f) => ({ ...f, properties: { name: data.name ?? "", tone: data.tone ?? "neutral", ...f.properties } })));
}

async function showMap(element: HTMLElement, data: ProjectData): Promise<void> {
  const shape = asProjects(data);
  const map = await openMap(element, { fit: shape });
  if (!map) return;
  showSettlements(map);
  showProjects(map, shape, false);
  showPlaces(map, "places", data.places);
  symbolKey(element.parentElement, data.places);
}

const data = pageData<ProjectData>("project-data") ?? {};
const map = document.querySelector<HTMLElement>("#project-map");
const chart = document.querySelector<HTMLElement>("#project-curve");
const bars = document.querySelector<HTMLElement>("#project-spent");
if (map) void showMap(map, data);
if (chart && data.curve) {
  const { curve } = data;
  void import("../charts").then(({ progressCurve }) => progressCurve(chart, curve));
}
if (bars && data.spent) {
  const { spent } = data;
  void import("../charts").then(({ spentBars }) => spentBars(bars, spent));
}
