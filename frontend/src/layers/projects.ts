/** Key projects: lines and polygons in the colour of their state, a diamond ◆ where they are points or at their middle. */
import type { Feature, FeatureCollection } from "geojson";
import { boundsOf, collection, pointFeature } from "../geo";
import type { PlaceMap } from "../map";
import { TONES } from "../symbols";
import { BELOW_NAMES, FONTS } from "./areas";
import { grownBy } from "./places";

const COLOUR = [
  "match",
  ["get", "tone"],
  ...Object.entries(TONES).flat(),
  TONES.neutral,
] as never;

export const PROJECT_LAYERS = ["projects-mark", "projects-line", "projects-fill"];

/** One diamond for each project, so that long and large ones are found as easily as points. */
export function projectMarks(projects: FeatureCollection): FeatureCollection {
  const marks: Feature[] = [];
  for (const feature of projects.features) {
    const site = feature.properties?.site as [number, number] | undefined;
    const at = site ?? middle(feature);
    if (at) marks.push(pointFeature(at[0], at[1], { ...feature.properties, kind: "project" }));
  }
  return collection(marks);
}

function middle(feature: Feature): [number, number] | null {
  if (feature.geometry?.type === "Point") return feature.geometry.coordinates as [number, number];
  if (feature.geometry?.type === "LineString") {
    const along = feature.geometry.coordinates;
    return (along[Math.floor(along.length / 2)] as [number, number] | undefined) ?? null;
  }
  const box = boundsOf(feature);
  return box ? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] : null;
}

export function showProjects(map: PlaceMap, projects: FeatureCollection, names = true): void {
  map.setData("projects", projects);
  map.setData("project-marks", projectMarks(projects));
  map.addLayer(
    {
      id: "projects-fill",
      type: "fill",
      source: "projects",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": COLOUR, "fill-opacity": 0.22 },
    },
    BELOW_NAMES,
  );
  map.addLayer(
    {
      id: "projects-line",
      type: "line",
      source: "projects",
      filter: ["!=", ["geometry-type"], "Point"],
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": COLOUR, "line-width": ["case", ["==", ["geometry-type"], "Polygon"], 1.6, 4] as never, "line-opacity": 0.85 },
    },
    BELOW_NAMES,
  );
  map.addLayer({
    id: "projects-mark",
    type: "symbol",
    source: "project-marks",
    layout: {
      "icon-image": ["concat", "project-", ["coalesce", ["get", "tone"], "neutral"]],
      "icon-size": grownBy(0.86),
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      ...(names
        ? {
            "text-field": ["step", ["zoom"], "", 11, ["get", "name"]] as never,
            "text-font": FONTS,
            "text-size": 12,
            "text-anchor": "top",
            "text-offset": [0, 1] as [number, number],
            "text-optional": true,
            "text-max-width": 9,
          }
        : {}),
    },
    paint: names ? { "text-color": "#1f2933", "text-halo-color": "#ffffff", "text-halo-width": 1.6 } : {},
  });
}

/** Rings the lit project; null rings none. */
export function lightProject(map: PlaceMap, id: string | null): void {
  map.addLayer(
    {
      id: "projects-lit",
      type: "circle",
      source: "project-marks",
      filter: ["==", ["get", "id"], id ?? ""],
      paint: { "circle-radius": 15, "circle-color": "#1d5fa8", "circle-opacity": 0.18, "circle-stroke-color": "#1d5fa8", "circle-stroke-width": 2 },
    },
    "projects-mark",
  );
}
