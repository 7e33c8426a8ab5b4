/** Every case of a work list as a dot in the colour of its limit; one that is pointed at gets a ring. Read from bytes (apps/cases/listing.py). */
import { collection, pointFeature } from "../geo";
import type { LonLat, PlaceMap } from "../map";
import { TONES } from "../symbols";
import { BELOW_NAMES } from "./areas";
import { legendBox, legendRow, swatch } from "./heat";

const TONE = ["neutral", "good", "due", "late"] as const;
const WORDS = { late: "已超期", due: "快到期", good: "期限内", neutral: "没有期限" } as const;
const ROW = 13; // bytes of a mark
const HEAD = 8;

export const MARK_LAYERS = ["marks-dot"];

export interface Mark {
  id: number;
  at: LonLat;
  tone: (typeof TONE)[number];
}

export interface Marks {
  /** How many cases the list has; more than there are marks when it is very long. */
  all: number;
  marks: Mark[];
}

/** Reads the answer; throws a RangeError when it is not one of ours or cut off. */
export function readMarks(bytes: ArrayBuffer): Marks {
  const view = new DataView(bytes);
  if (view.getUint32(0) !== 0x47524331 || (bytes.byteLength - HEAD) % ROW !== 0) throw new RangeError("not a list's marks");
  const marks = Array.from({ length: (bytes.byteLength - HEAD) / ROW }, (_, row) => {
    const from = HEAD + row * ROW;
    const at: LonLat = [view.getInt32(from + 4) / 1e6, view.getInt32(from + 8) / 1e6];
    return { id: view.getUint32(from), at, tone: TONE[view.getUint8(from + 12)] ?? "neutral" };
  });
  return { all: view.getUint32(4), marks };
}

/** Late ones on top. */
export function showMarks(map: PlaceMap, { marks }: Marks): void {
  map.setData("marks", collection(marks.map(({ id, at, tone }) => pointFeature(...at, { id, tone, rank: TONE.indexOf(tone) }))));
  map.addLayer(
    {
      id: "marks-dot",
      type: "circle",
      source: "marks",
      layout: { "circle-sort-key": ["get", "rank"] },
      paint: {
        "circle-color": ["match", ["get", "tone"], ...Object.entries(TONES).flat(), TONES.neutral] as never,
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 2.5, 13, 6],
        "circle-opacity": 0.8,
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 0.75,
      },
    },
    BELOW_NAMES,
  );
  const counted = (["late", "due", "good", "neutral"] as const).map((tone) => [tone, marks.filter((mark) => mark.tone === tone).length] as const);
  map.setLegend(legendBox("本环节期限", counted.filter(([, count]) => count > 0).map(([tone, count]) => legendRow(swatch(TONES[tone] ?? ""), `${WORDS[tone]} ${count} 件`))));
  lightMark(map, null);
}

export function lightMark(map: PlaceMap, id: string | null): void {
  map.addLayer({
    id: "marks-lit",
    type: "circle",
    source: "marks",
    filter: ["==", ["get", "id"], Number(id ?? -1)] as never,
    paint: { "circle-color": "#b3261e", "circle-radius": 9, "circle-stroke-color": "#ffffff", "circle-stroke-width": 2.5 },
  });
}
