/**
 * The map of an assignment run: topics, deputies' places and the lines between them, as bytes (apps/supervision/lines.py), so
 * that ten thousand lines arrive in one small answer. The lit ones are a source of their own: lighting redraws only those.
 */
import type { Feature } from "geojson";
import { collection, pointFeature } from "../geo";
import type { LayerSpec, LonLat, PlaceMap } from "../map";
import { BELOW_NAMES } from "./areas";
import { grownBy } from "./places";

const KINDS = ["home", "work", "village"] as const;
const FREE = 16;
const BY_HAND = 1;
const LOCKED = 2;
const MANY = 1500; // symbols that may be drawn all at once; of more there are dots until one comes near
const IN_SIGHT = 400; // symbols in the window, about, when dots become symbols
const WINDOW = 900; // px, about

export const PAIR_LAYERS = ["pairs-line"];
export const TOPIC_LAYERS = ["topics", "topics-dot"];
export const DEPUTY_LAYERS = ["deputies", "deputies-dot", "deputies-free"];

export interface Line {
  /** Of the team member. */
  id: number;
  topic: number;
  deputy: number;
  from: LonLat;
  to: LonLat;
  byHand: boolean;
  locked: boolean;
}

export interface RunMap {
  revision: number;
  topics: { id: number; at: LonLat; empty: boolean }[];
  places: { id: number; at: LonLat; kind: string; free: boolean }[];
  lines: Line[];
}

/** Reads the answer; throws a RangeError when it is not one of ours or cut off. */
export function readRun(bytes: ArrayBuffer): RunMap {
  const view = new DataView(bytes);
  if (view.getUint32(0, false) !== 0x47524c31) throw new RangeError("not a run's map");
  let at = 4;
  const whole = () => {
    const value = view.getUint32(at, true);
    at += 4;
    return value;
  };
  const byte = () => view.getUint8(at++);
  const degrees = () => {
    const value = view.getInt32(at, true) / 1e6;
    at += 4;
    return value;
  };
  const many = <T>(count: number, read: () => T): T[] => Array.from({ length: count }, read);
  const [revision, topics, places, lines] = [whole(), whole(), whole(), whole()];
  const point = (): LonLat => [degrees(), degrees()];
  const topicAt = many(topics, point);
  const placeAt = many(places, point);
  const topicIds = many(topics, whole);
  const deputyIds = many(places, whole);
  const members = many(lines, () => [whole(), whole(), whole()] as const);
  const empty = many(topics, byte);
  const kinds = many(places, byte);
  const flags = many(lines, byte);
  return {
    revision,
    topics: topicIds.map((id, row) => ({ id, at: topicAt[row] as LonLat, empty: empty[row] === 1 })),
    places: deputyIds.map((id, row) => ({ id, at: placeAt[row] as LonLat, kind: KINDS[(kinds[row] ?? 0) % FREE] ?? "home", free: (kinds[row] ?? 0) >= FREE })),
    lines: members.map(([id, topic, place], row) => ({
      id,
      topic: topicIds[topic] as number,
      deputy: deputyIds[place] as number,
      from: topicAt[topic] as LonLat,
      to: placeAt[place] as LonLat,
      byHand: ((flags[row] ?? 0) & BY_HAND) > 0,
      locked: ((flags[row] ?? 0) & LOCKED) > 0,
    })),
  };
}

export function lineFeature(from: LonLat, to: LonLat, properties: Record<string, unknown> = {}): Feature {
  return { type: "Feature", properties, geometry: { type: "LineString", coordinates: [from, to] } };
}

const LINE_COLOUR = ["case", ["get", "byHand"], "#b7791f", "#1d5fa8"] as never;

/** Draws all of it; called again it replaces what was drawn before. */
export function showRun(map: PlaceMap, run: RunMap): void {
  map.setData("pairs", collection(run.lines.map(({ from, to, id, byHand }) => lineFeature(from, to, { id, byHand }))));
  map.setData("deputies", collection(run.places.map(({ id, at, kind, free }) => pointFeature(...at, { id, kind, free }))));
  map.setData("topics", collection(run.topics.map(({ id, at, empty }) => pointFeature(...at, { id, kind: "topic", tone: empty ? "late" : "neutral" }))));
  map.setData("pair-lit", collection([]));
  map.setData("pair-pull", collection([]));
  map.addLayer(
    { id: "pairs-line", type: "line", source: "pairs", layout: { "line-cap": "butt" }, paint: { "line-color": LINE_COLOUR, "line-width": 1.4, "line-opacity": plain(run) } },
    BELOW_NAMES,
  );
  map.addLayer(
    { id: "pairs-lit", type: "line", source: "pair-lit", layout: { "line-cap": "round" }, paint: { "line-color": LINE_COLOUR, "line-width": ["case", ["get", "chosen"], 4.5, 2.5] } },
    BELOW_NAMES,
  );
  map.addLayer({ id: "pairs-pull", type: "line", source: "pair-pull", paint: { "line-color": "#b3261e", "line-width": 3, "line-dasharray": [2, 1.5] } }, BELOW_NAMES);
  const near = nearZoom(run);
  symbols(map, "deputies", ["!", ["get", "free"]], near, "#1d5fa8");
  map.addLayer({
    id: "deputies-free",
    type: "circle",
    source: "deputies",
    ...(near > 0 ? { minzoom: near } : {}),
    filter: ["get", "free"] as never,
    paint: { "circle-radius": 4.5, "circle-color": "#ffffff", "circle-stroke-color": "#66727f", "circle-stroke-width": 1.5 },
  });
  symbols(map, "topics", true, near, ["match", ["get", "tone"], "late", "#c2410c", "#66727f"]);
}

/** The zoom from which there is room for symbols; 0: always. Four times fewer are in sight with every step. */
export function nearZoom(run: RunMap): number {
  const count = run.topics.length + run.places.length;
  if (count <= MANY) return 0;
  const lons = [...run.topics, ...run.places].map(({ at }) => at[0]);
  const span = lons.reduce((most, lon) => Math.max(most, lon), -180) - lons.reduce((least, lon) => Math.min(least, lon), 180);
  const whole = Math.log2((360 * WINDOW) / (512 * Math.max(span, 0.01)));
  return Math.min(17, whole + Math.log2(count / IN_SIGHT) / 2);
}

/** Symbols of one source; dots until one comes near. */
function symbols(map: PlaceMap, source: string, filter: unknown, near: number, colour: unknown): void {
  map.addLayer({
    id: source,
    type: "symbol",
    source,
    filter: filter as never,
    ...(near > 0 ? { minzoom: near } : {}),
    layout: {
      "icon-image": ["case", ["has", "tone"], ["concat", ["get", "kind"], "-", ["get", "tone"]], ["get", "kind"]] as never,
      "icon-size": grownBy(source === "topics" ? 0.86 : 0.72),
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "icon-padding": 0,
    },
  } as LayerSpec);
  if (near === 0) return;
  map.addLayer({
    id: `${source}-dot`,
    type: "circle",
    source,
    maxzoom: near,
    filter: filter as never,
    paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], near - 3, source === "topics" ? 1.8 : 1.2, near, 4.5] as never, "circle-color": colour as never, "circle-opacity": 0.8 },
  } as LayerSpec);
}

/** Few lines are plain, many are thin enough to see through. */
function plain(run: RunMap): never {
  const crowd = Math.min(1, Math.max(0, Math.log10(Math.max(run.lines.length, 1)) - 2) / 2); // 100 lines: 0, 10,000: 1
  return ["interpolate", ["linear"], ["zoom"], 9, 0.75 - 0.5 * crowd, 13, 0.75] as never;
}

/** Lights a topic's lines, the chosen one more; the others step back. Null: all alike. */
export function lightTeam(map: PlaceMap, run: RunMap, topic: number | null, member: number | null): void {
  const lit = topic === null ? [] : run.lines.filter((line) => line.topic === topic);
  map.setData("pair-lit", collection(lit.map(({ from, to, id, byHand }) => lineFeature(from, to, { id, byHand, chosen: id === member }))));
  map.setPaint("pairs-line", { "line-opacity": topic === null ? plain(run) : 0.16 });
  const ring = run.topics.find((one) => one.id === topic);
  map.setData("topic-lit", collection(ring ? [pointFeature(...ring.at)] : []));
  map.addLayer(
    { id: "topic-lit", type: "circle", source: "topic-lit", paint: { "circle-radius": 15, "circle-color": "#1d5fa8", "circle-opacity": 0.18, "circle-stroke-color": "#1d5fa8", "circle-stroke-width": 2 } },
    "topics",
  );
}

/** Rings around those who could take the place. */
export function showCandidates(map: PlaceMap, at: LonLat[]): void {
  map.setData("candidates", collection(at.map((point) => pointFeature(...point))));
  map.addLayer(
    { id: "candidates", type: "circle", source: "candidates", paint: { "circle-radius": 11, "circle-color": "#2f7d4f", "circle-opacity": 0.12, "circle-stroke-color": "#2f7d4f", "circle-stroke-width": 2 } },
    "topics",
  );
}

/** The line while its end is pulled; null: none. */
export function pullLine(map: PlaceMap, from: LonLat | null, to: LonLat | null): void {
  map.setData("pair-pull", collection(from && to ? [lineFeature(from, to)] : []));
}
