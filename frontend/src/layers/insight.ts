/** What the map of voices shows over the ground: regions, cells, hexagons, a density surface, hot and cold spots. One at a time. */
import type { Feature, FeatureCollection } from "geojson";
import { type Classes, classOf } from "../classes";
import { cellFeatures, collection } from "../geo";
import type { Cells, ChangedCells, Density, Hexes, Lattice } from "../insight/answer";
import { surfaceCanvas, type SurfaceClasses } from "../insight/density";
import { OUTLINE } from "../legend";
import type { PlaceMap } from "../map";
import { BELOW_BORDERS, BELOW_NAMES, FONTS } from "./areas";

export const REGIONS = "insight-regions";
export const CELLS = "insight-cells";
export const HOT = "insight-hot";
const SIGNIFICANT = "insight-significant";
const HATCHED = "insight-hatched";
const LIT = "insight-lit";
const DIRECTION = "insight-direction";
const SURFACE = "insight-surface";
const EVERYTHING = [REGIONS, HATCHED, SIGNIFICANT, DIRECTION, LIT, CELLS, SURFACE, HOT, "insight-hot-line"];

/** A region's place in the classes; null: not known. Without `sure` it is drawn paler: it may be chance. */
export interface Shade {
  code: string;
  value: number | null;
  sure?: boolean;
  /** Significantly more (1) or less (-1). */
  turn?: 1 | -1 | 0;
}

/** The tiles that hold a level's outlines. Grids are only cut where they can be told apart. */
function ground(level: string): { source: string; "source-layer": string } {
  return level === "grid" ? { source: "grid", "source-layer": "grid" } : { source: "area", "source-layer": "area" };
}

export function clearSurfaces(map: PlaceMap): void {
  for (const id of EVERYTHING) map.removeLayer(id);
}

export function showShades(map: PlaceMap, level: string, shades: readonly Shade[], classes: Classes): void {
  clearSurfaces(map);
  if (level === "grid") map.addTiles("grid", { minzoom: 12 });
  const known = shades.filter((shade): shade is Shade & { value: number } => shade.value !== null);
  const here = (codes: string[]) => ["all", ...(level === "grid" ? [] : [["==", ["get", "level"], level]]), ["in", ["get", "code"], ["literal", codes]]] as never;
  const pick = (of: (shade: Shade & { value: number }) => unknown, otherwise: unknown) =>
    (known.length ? ["match", ["get", "code"], ...known.flatMap((shade) => [shade.code, of(shade)]), otherwise] : otherwise) as never;
  const codes = shades.map(({ code }) => code);
  const fill = {
    "fill-color": pick(({ value }) => classes.colours[classOf(value, classes.breaks)] ?? "rgba(0,0,0,0)", "rgba(0,0,0,0)"),
    "fill-opacity": pick(({ sure }) => (sure === false ? 0.45 : 0.9), 0.9),
  };
  map.addLayer({ id: REGIONS, type: "fill", ...ground(level), filter: here(codes), paint: fill }, BELOW_BORDERS);
  const unknown = shades.filter(({ value }) => value === null).map(({ code }) => code);
  map.addLayer({ id: HATCHED, type: "fill", ...ground(level), filter: here(unknown), paint: { "fill-pattern": "hatch" } }, BELOW_BORDERS);
  const turned = known.filter(({ turn }) => turn);
  if (turned.length === 0) return;
  map.addLayer({ id: SIGNIFICANT, type: "line", ...ground(level), filter: here(turned.map(({ code }) => code)), paint: { "line-color": OUTLINE, "line-width": 2.2 } }, BELOW_NAMES);
  if (level !== "grid") showDirections(map, level, turned);
}

/** More or less, said by an arrow under the name and not by colour alone. */
function showDirections(map: PlaceMap, level: string, turned: readonly Shade[]): void {
  const arrow = ["match", ["get", "code"], ...turned.flatMap(({ code, turn }) => [code, turn === 1 ? "▲" : "▼"]), ""];
  map.addLayer({
    id: DIRECTION,
    type: "symbol",
    source: "area",
    "source-layer": "area_label",
    filter: ["==", ["get", "level"], level],
    layout: { "text-field": arrow as never, "text-font": FONTS, "text-size": 15, "text-offset": [0, 1.2], "text-allow-overlap": true },
    paint: { "text-color": OUTLINE, "text-halo-color": "#ffffff", "text-halo-width": 1.6 },
  });
}

/** Rings one region; null rings none. */
export function lightShade(map: PlaceMap, level: string, code: string | null): void {
  map.removeLayer(LIT);
  if (code === null) return;
  const filter = (level === "grid" ? ["==", ["get", "code"], code] : ["all", ["==", ["get", "level"], level], ["==", ["get", "code"], code]]) as never;
  map.addLayer({ id: LIT, type: "line", ...ground(level), filter, paint: { "line-color": map.colours.select, "line-width": 3.5 } });
}

/** Rings one cell or hexagon by its id. */
export function lightCell(map: PlaceMap, id: string | null): void {
  map.removeLayer(LIT);
  if (id !== null) map.addLayer({ id: LIT, type: "line", source: CELLS, filter: ["==", ["get", "id"], id], paint: { "line-color": map.colours.select, "line-width": 3.5 } });
}

export function showShapes(map: PlaceMap, shapes: FeatureCollection, classes: Classes): void {
  clearSurfaces(map);
  map.setData(CELLS, shapes);
  const colour: unknown[] = ["step", ["get", "count"], classes.colours[0] ?? "#cccccc"];
  classes.breaks.forEach((limit, index) => colour.push(limit, classes.colours[index + 1]));
  map.addLayer(
    { id: CELLS, type: "fill", source: CELLS, paint: { "fill-color": (classes.breaks.length ? colour : (classes.colours[0] ?? "#cccccc")) as never, "fill-opacity": 0.85, "fill-outline-color": "rgba(255,255,255,0.5)" } },
    BELOW_BORDERS,
  );
}

/** Cells with a `count`; their `id` is "w,s,e,n". */
export function squares(cells: Cells): FeatureCollection {
  return cellFeatures(cells.n.map((count, index) => [...boxOf(cells, index), count]));
}

function boxOf({ lon0, lat0, lon_step, lat_step, col, row }: Lattice, index: number): [number, number, number, number] {
  const [west, south] = [lon0 + (col[index] ?? 0) * lon_step, lat0 + (row[index] ?? 0) * lat_step];
  const place = (value: number) => Number(value.toFixed(6));
  return [place(west), place(south), place(west + lon_step), place(south + lat_step)];
}

/** Cells with what is there `now` and was `before`, the `change` of what came a day in percent, and whether it is `sure` that it is no chance. */
export function changedSquares(cells: ChangedCells): FeatureCollection {
  const drawn = squares({ ...cells, n: cells.now });
  for (const [index, feature] of drawn.features.entries()) {
    const [before, ratio] = [cells.before[index] ?? 0, cells.ratio[index] ?? null];
    Object.assign(feature.properties ?? {}, { before, sure: Boolean(cells.mark[index]), change: ratio === null ? 1e6 : 100 * (ratio - 1) });
  }
  return drawn;
}

export function showChangedSquares(map: PlaceMap, shapes: FeatureCollection, classes: Classes): void {
  clearSurfaces(map);
  map.setData(CELLS, shapes);
  const colour: unknown[] = ["step", ["get", "change"], classes.colours[0]];
  classes.breaks.forEach((limit, index) => colour.push(limit, classes.colours[index + 1]));
  const sure = ["==", ["get", "sure"], true] as never;
  map.addLayer({ id: CELLS, type: "fill", source: CELLS, paint: { "fill-color": colour as never, "fill-opacity": ["case", sure, 0.9, 0.35] } }, BELOW_BORDERS);
  map.addLayer({ id: SIGNIFICANT, type: "line", source: CELLS, filter: sure, paint: { "line-color": OUTLINE, "line-width": 2 } }, BELOW_NAMES);
}

/** Hexagons with a `count`; their `id` is what lists are narrowed to them by, "size,q,r". */
export function hexagons({ corners, lon, lat, n, size, q, r }: Hexes): FeatureCollection {
  return collection(
    n.map((count, index): Feature => {
      const [x, y] = [lon[index] ?? 0, lat[index] ?? 0];
      const ring = [...corners, corners[0] ?? [0, 0]].map(([dx, dy]) => [x + dx, y + dy]);
      const id = [size, q[index], r[index]].join(",");
      return { type: "Feature", properties: { id, count }, geometry: { type: "Polygon", coordinates: [ring] } };
    }),
  );
}

/** The surface, and over it the regions, unpainted, so that a click finds one. */
export function showDensity(map: PlaceMap, density: Density, classes: SurfaceClasses, codes: readonly string[]): void {
  clearSurfaces(map);
  map.showPainted(SURFACE, surfaceCanvas(density, classes), [density.west, density.south, density.east, density.north], BELOW_BORDERS);
  const filter = ["in", ["get", "code"], ["literal", codes]] as never;
  map.addLayer({ id: REGIONS, type: "fill", ...ground("area"), filter, paint: { "fill-color": "rgba(0,0,0,0)" } }, BELOW_BORDERS);
}

/** By state: hot from dark to light as it is stronger or older, what has gone hatched, cold in blue. */
export const HOT_STATES: readonly { state: string; label: string; colour: string }[] = [
  { state: "persistent", label: "持续热点", colour: "#9c2218" },
  { state: "growing", label: "加剧", colour: "#c33c24" },
  { state: "new", label: "新出现", colour: "#e8743b" },
  { state: "returning", label: "反复", colour: "#f3a24a" },
  { state: "fading", label: "减弱", colour: "#f8cf8e" },
  { state: "gone", label: "已消退", colour: "#d9d4cb" },
  { state: "cold", label: "冷点（明显偏少）", colour: "#2a6fb0" },
];

export function showHot(map: PlaceMap, cells: FeatureCollection): void {
  clearSurfaces(map);
  map.setData(HOT, cells);
  const colour = ["match", ["get", "state"], ...HOT_STATES.flatMap(({ state, colour: shade }) => [state, shade]), "#cccccc"];
  map.addLayer({ id: HOT, type: "fill", source: HOT, paint: { "fill-color": colour as never, "fill-opacity": 0.8 } }, BELOW_BORDERS);
  map.addLayer({ id: "insight-hot-line", type: "line", source: HOT, paint: { "line-color": "#ffffff", "line-width": 0.6 } }, BELOW_BORDERS);
}
