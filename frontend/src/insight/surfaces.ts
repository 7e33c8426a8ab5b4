/** The ways of looking: what each asks of the server, how it is drawn, what its legend, its tips and its cards say. */
import type { FeatureCollection } from "geojson";
import { changeClasses, type Classes, growingClasses, HEAT, naturalClasses, quantileClasses } from "../classes";
import {
  CELLS, changedSquares, clearSurfaces, HOT, HOT_STATES, hexagons, lightCell, lightShade, REGIONS, showChangedSquares, showDensity, showHot, showShades, showShapes, squares,
} from "../layers/insight";
import { EMPTY } from "../geo";
import { lightSpot, showSpots } from "../layers/spots";
import { classEntries, type Legend } from "../legend";
import type { Hit, PlaceMap } from "../map";
import type { CardLink } from "../map-frame";
import type { Answer, HotSpots, Region } from "./answer";
import { surfaceAt, surfaceBytes, surfaceClasses } from "./density";

/** What the form says that the drawing depends on. */
export interface Ask {
  by: string;
  level: string;
  measure: string;
  breaks: string;
  /** The level's word: "乡镇街道". */
  levelWord: string;
  /** The lists behind the whole question, cases and records. */
  lists: Lists;
}

export interface Lists {
  cases: string | null;
  records: string | null;
}

export interface Surface<A = Answer> {
  /** Parts of the answer that it needs. */
  parts: string[];
  layers: string[];
  /** What classes are made of: of all steps of a time slider together, so that colours stay comparable. */
  numbers: (answer: A, ask: Ask) => number[];
  draw: (map: PlaceMap, answer: A, ask: Ask, numbers: readonly number[]) => Legend;
  words: (answer: A, hit: Hit, ask: Ask) => string[];
  links: (answer: A, hit: Hit, ask: Ask) => CardLink[];
  light: (map: PlaceMap, id: string | null, ask: Ask) => void;
}

const ZERO = "#f3f0e7";
const NOTHING = "这段时间没有收到反映";

const perThousand = (ask: Ask) => ask.measure === "per_1000";
const valueOf = (region: Region, ask: Ask) => (perThousand(ask) ? region.per_1000 : region.count);

/** Classes of what is above zero, and zero as a class of its own: no report is not "no data", and not few either. */
export function regionClasses(numbers: readonly number[], ask: Ask): Classes {
  const above = numbers.filter((value) => value > 0);
  const make = ask.breaks === "natural" ? naturalClasses : quantileClasses;
  const made = (perThousand(ask) ? [1, 2, 3] : [0]).map((digits) => make(above, HEAT, digits)).find(({ labels }, index) => index === 2 || tellsApart(labels)) ?? make(above, HEAT, 0);
  if (!numbers.some((value) => value === 0)) return made;
  const limits = above.length ? [Number.MIN_VALUE, ...made.breaks] : [];
  return { breaks: limits, colours: [ZERO, ...made.colours], labels: ["0", ...made.labels] };
}

/** Whether so many digits are enough: no label twice, none from a number to the same number. */
function tellsApart(labels: readonly string[]): boolean {
  return new Set(labels).size === labels.length && labels.every((label) => new Set(label.split("–")).size === label.split("–").length);
}

const regions: Surface = {
  parts: ["regions"],
  layers: [REGIONS],
  numbers: (answer, ask) => (answer.regions ?? []).map((region) => valueOf(region, ask)).filter((value) => value !== null),
  draw(map, answer, ask, numbers) {
    const rows = answer.regions ?? [];
    const classes = regionClasses(numbers, ask);
    showShades(map, ask.level, rows.map((region) => ({ code: region.code, value: valueOf(region, ask) })), classes);
    const unknown = rows.some((region) => valueOf(region, ask) === null);
    const notes = [
      ...(numbers.some((value) => value > 0) ? [] : [NOTHING]),
      ...(classes.colours.filter((colour) => colour !== ZERO).length === 1 && rows.length > 1 ? ["各地相差不大，不分深浅"] : []),
      ...(ask.level === "grid" ? ["放大地图后显示网格"] : []),
    ];
    const hatched = unknown ? [{ label: "暂无人口数据", hatched: true }] : [];
    return { title: `${perThousand(ask) ? "每千人件数" : "件数"}（${ask.levelWord}）`, entries: [...classEntries(classes), ...hatched], note: notes.join("；") };
  },
  words: (answer, hit) => regionWords(answer, hit),
  links: regionLinks,
  light: (map, id, ask) => lightShade(map, ask.level, id),
};

/** In percent on the rate before; from nothing to something is more than can be said in percent. */
export function changeOf(region: Region): number | null {
  if (typeof region.ratio === "number") return 100 * (region.ratio - 1);
  return region.before === 0 && region.count > 0 ? Infinity : null;
}

const NEITHER = { label: "两期都没有反映", hatched: true };
const PALE = "颜色浅、没有粗边的，可能只是偶然波动";

const change: Surface = {
  ...regions,
  numbers: () => [],
  draw(map, answer, ask) {
    const classes = changeClasses();
    const turns = { more: 1, less: -1, "": 0 } as const;
    const shades = (answer.regions ?? []).map((region) => ({ code: region.code, value: changeOf(region), sure: Boolean(region.mark), turn: turns[region.mark ?? ""] }));
    showShades(map, ask.level, shades, classes);
    return { title: `与对比时段比（${ask.levelWord}）`, entries: [...classEntries(classes), { label: "变化显著（粗边，▲ 多 ▼ 少）", outlined: true }, NEITHER], note: PALE };
  },
};

function regionAt(answer: Answer, hit: Hit): Region | undefined {
  return answer.regions?.find((region) => region.code === hit.properties.code);
}

function regionWords(answer: Answer, hit: Hit): string[] {
  const region = regionAt(answer, hit);
  return region ? [region.name, ...countWords(region)] : [];
}

/** "12 件，每千人 3.1 件（95% 区间 2.0–4.6）", and how it changed. */
export function countWords(region: Region): string[] {
  const range = region.low !== null && region.high !== null ? `（95% 区间 ${region.low.toFixed(1)}–${region.high.toFixed(1)}）` : "";
  const lines = [`${region.count} 件${region.per_1000 === null ? "" : `，每千人 ${region.per_1000.toFixed(1)} 件${range}`}`];
  return region.before === undefined ? lines : [...lines, beforeWords(region.before, changeOf(region), Boolean(region.mark))];
}

function beforeWords(before: number, percent: number | null, sure: boolean): string {
  const by = percent === null || !Number.isFinite(percent) ? "" : `，${percent >= 0 ? "多" : "少"} ${Math.abs(percent).toFixed(0)}%`;
  return `对比时段 ${before} 件${by}；${sure ? "变化显著" : "可能只是偶然波动"}`;
}

function regionLinks(answer: Answer, hit: Hit, { lists }: Ask): CardLink[] {
  const region = regionAt(answer, hit);
  return listLinks(lists.cases && region?.url, lists.records && region?.records_url);
}

function listLinks(cases?: string | null, records?: string | null): CardLink[] {
  return [...(cases ? [{ url: cases, label: "看民情件" }] : []), ...(records ? [{ url: records, label: "看热线记录" }] : [])];
}

/** What lies behind a box of the map. */
function boxLinks(_answer: Answer, hit: Hit, { lists }: Ask): CardLink[] {
  const box = encodeURIComponent(String(hit.properties.id ?? ""));
  const within = (url: string | null) => (url ? `${url}${url.includes("?") ? "&" : "?"}bbox=${box}` : null);
  return listLinks(within(lists.cases), within(lists.records));
}

const cells: Surface = {
  parts: ["cells"],
  layers: [CELLS],
  numbers: (answer) => answer.cells?.n ?? [],
  draw: (map, answer, _ask, numbers) => drawShapes(map, answer, answer.cells && squares(answer.cells), `每格件数（${metresWords(answer.cells?.size)}方格）`, numbers),
  words: (_answer, hit) => [`${String(hit.properties.count)} 件`, "点一下看这一格里的"],
  links: boxLinks,
  light: (map, id) => lightCell(map, id),
};

const hexes: Surface = {
  ...cells,
  parts: ["hexes"],
  numbers: (answer) => answer.hexes?.n ?? [],
  draw: (map, answer, _ask, numbers) => drawShapes(map, answer, answer.hexes && hexagons(answer.hexes), `每格件数（宽 ${metresWords(answer.hexes?.size)}的六边形）`, numbers),
  words: (_answer, hit) => [`${String(hit.properties.count)} 件`, "点一下看这一带的"],
};

function drawShapes(map: PlaceMap, { notes }: Answer, shapes: FeatureCollection | undefined, title: string, numbers: readonly number[]): Legend {
  const classes = growingClasses(numbers);
  showShapes(map, shapes ?? EMPTY, classes);
  return { title, entries: classEntries(classes), note: [numbers.length ? "没有颜色的地方没有收到反映" : NOTHING, ...notes].join("；") };
}

const changedCells: Surface = {
  ...cells,
  parts: ["change"],
  numbers: () => [],
  draw(map, answer) {
    const classes = changeClasses();
    showChangedSquares(map, answer.change ? changedSquares(answer.change) : EMPTY, classes);
    return { title: `与对比时段比（${metresWords(answer.change?.size)}方格）`, entries: [...classEntries(classes), { label: "变化显著（粗边）", outlined: true }], note: [answer.change?.col.length ? PALE : NOTHING, ...answer.notes].join("；") };
  },
  words(_answer, { properties: { count, before, change: percent, sure } }) {
    return [`${String(count)} 件`, beforeWords(Number(before), Number(before) ? Number(percent) : null, sure === true)];
  },
};

function metresWords(metres = 0): string {
  return metres >= 1000 ? `${metres / 1000} 公里` : `${metres} 米`;
}

const density: Surface = {
  ...regions,
  parts: ["density", "regions"],
  numbers: (answer) => [answer.density?.most ?? 0],
  draw(map, answer, _ask, numbers) {
    const classes = surfaceClasses(Math.max(0, ...numbers));
    if (!answer.density) clearSurfaces(map);
    else showDensity(map, answer.density, classes, (answer.regions ?? []).map(({ code }) => code));
    const notes = classes.colours.length ? [`按周围约 ${metresWords(answer.density?.bandwidth)}平滑`, "没有颜色的地方很少或没有"] : [NOTHING];
    return { title: "每平方公里件数", entries: classEntries(classes), note: notes.join("；") };
  },
  words(answer, hit) {
    const here = answer.density ? surfaceAt(answer.density, surfaceBytes(answer.density), ...hit.at) : 0;
    return [`每平方公里约 ${here < 10 ? here.toFixed(1) : here.toFixed(0)} 件`, ...regionWords(answer, hit)];
  },
};

export const hot: Surface<HotSpots> = {
  parts: [],
  layers: [HOT],
  numbers: () => [],
  draw(map, answer) {
    showHot(map, answer.cells);
    showSpots(map, answer.spots);
    const there = new Set(answer.cells.features.map(({ properties }) => properties?.state as string));
    const note = answer.day ? `${metresWords(answer.metres)}方格，错误发现率 5%；没有颜色的地方与偶然分不开` : "还没有算过热点，每天夜里计算一次";
    return { title: "热点和冷点", entries: HOT_STATES.filter(({ state }) => there.has(state)), note };
  },
  words: (_answer, { properties: { label, count, expected } }) => [String(label ?? ""), `周围 1.5 公里 ${String(count)} 桩，同样多的居民一般有 ${Number(expected).toFixed(1)} 桩`],
  links: () => [],
  light: (map, id) => lightSpot(map, id),
};

/** By the form's `by`; the difference map by cells is `change.cell`. */
export const SURFACES: Record<string, Surface> = { region: regions, change, "change.cell": changedCells, cell: cells, hex: hexes, density };
