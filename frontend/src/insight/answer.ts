/** What /insight/data and /insight/hot-spots.json answer, and the asking: the last answers are kept, so that a slider goes back at once. */
import type { FeatureCollection } from "geojson";
import { request } from "../api";

export interface Region {
  code: string;
  name: string;
  count: number;
  per_1000: number | null;
  /** Of per_1000, 95 %. */
  low: number | null;
  high: number | null;
  /** The rest only where two periods are compared. ratio: of the rates, now to before; null: nothing before. */
  before?: number;
  ratio?: number | null;
  q?: number | null;
  mark?: "more" | "less" | "";
  url?: string | null;
  records_url?: string | null;
}

/** A lattice of longitudes and latitudes: cell (0, 0) has its south-west corner at lon0, lat0; steps in degrees, size in metres. */
export interface Lattice {
  size: number;
  lon0: number;
  lat0: number;
  lon_step: number;
  lat_step: number;
  col: number[];
  row: number[];
}

export interface Cells extends Lattice {
  n: number[];
}

export interface ChangedCells extends Lattice {
  now: number[];
  before: number[];
  /** Of what came a day, now to before; null: nothing before. */
  ratio: (number | null)[];
  q: (number | null)[];
  mark: ("more" | "less" | "")[];
}

export interface Hexes {
  size: number;
  q: number[];
  r: number[];
  lon: number[];
  lat: number[];
  n: number[];
  /** A hexagon's corners as offsets from its centre, degrees. */
  corners: [number, number][];
}

/** Reports per square kilometre on a grid of degrees, row 0 in the north, a byte each in base64: the share of `most` is (byte / 255)². */
export interface Density {
  west: number;
  south: number;
  east: number;
  north: number;
  rows: number;
  cols: number;
  most: number;
  bandwidth: number;
  data: string;
}

export interface Answer {
  caption: string;
  total: number;
  unlocated: number;
  /** What else is to be said of it: "范围大，按 1000 米统计". */
  notes: string[];
  regions?: Region[];
  cells?: Cells;
  change?: ChangedCells;
  hexes?: Hexes;
  density?: Density;
}

export interface HotSpots {
  day: string | null;
  days: number;
  metres: number;
  caption: string;
  cells: FeatureCollection;
  spots: FeatureCollection;
}

const KEPT = 64;

/** Answers by address. An address that is asked again while the first asking runs waits for that one. */
export class Answers {
  private readonly kept = new Map<string, Promise<unknown>>();

  get<T>(url: string): Promise<T> {
    const known = this.kept.get(url);
    if (known) return known as Promise<T>;
    const asked = request<T>(url);
    this.kept.set(url, asked);
    asked.catch(() => this.kept.delete(url));
    const oldest = this.kept.keys().next().value;
    if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest);
    return asked;
  }
}
