/** A density surface painted in classes: smooth borders between a few colours, so that the legend's numbers are what one sees. Pure but for the canvas. */
import { type Classes, classOf, HEAT } from "../classes";
import type { Density } from "./answer";

/** Halves of the most: the lowest class begins at a 32nd of it, below is the ground. */
const SHARES = [1 / 16, 1 / 8, 1 / 4, 1 / 2] as const;
const LEAST = 1 / 32;
const FINER = 6;

export interface SurfaceClasses extends Classes {
  /** Below it nothing is painted. */
  least: number;
}

/** Classes of a surface whose highest value is `most`; limits in two significant digits. No class where there is nothing. */
export function surfaceClasses(most: number): SurfaceClasses {
  if (!(most > 0)) return { least: 0, breaks: [], colours: [], labels: [] };
  const limits = [LEAST, ...SHARES].map((share) => Number((most * share).toPrecision(2)));
  const shown = limits.map((limit) => String(limit));
  return {
    least: limits[0] as number,
    breaks: limits.slice(1),
    colours: [...HEAT],
    labels: shown.map((limit, index) => (index + 1 < shown.length ? `${limit}–${shown[index + 1]}` : `${limit} 以上`)),
  };
}

/** The bytes of the surface, row after row from north to south. */
export function surfaceBytes(density: Density): Uint8Array {
  const text = atob(density.data);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  if (bytes.length !== density.cols * density.rows) throw new RangeError("not a surface");
  return bytes;
}

/** The value at a place, between the cells' middles; 0 outside. */
export function surfaceAt(density: Density, bytes: Uint8Array, lon: number, lat: number): number {
  const x = ((lon - density.west) / (density.east - density.west)) * density.cols - 0.5;
  const y = ((density.north - lat) / (density.north - density.south)) * density.rows - 0.5;
  return (between(bytes, density.cols, density.rows, x, y) / 255) ** 2 * density.most;
}

function between(bytes: Uint8Array, columns: number, rows: number, x: number, y: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const at = (c: number, r: number) => (c < 0 || r < 0 || c >= columns || r >= rows ? 0 : (bytes[r * columns + c] as number));
  const [fx, fy] = [x - column, y - row];
  const low = at(column, row) * (1 - fx) + at(column + 1, row) * fx;
  const high = at(column, row + 1) * (1 - fx) + at(column + 1, row + 1) * fx;
  return low * (1 - fy) + high * fy;
}

/** Pixels from north to south, FINER for each cell's side; rows are even on the map (Web Mercator), not in degrees. */
export function surfacePixels(density: Density, classes: SurfaceClasses): { width: number; height: number; pixels: Uint8ClampedArray<ArrayBuffer> } {
  const bytes = surfaceBytes(density);
  const [width, height] = [density.cols * FINER, density.rows * FINER];
  const pixels = new Uint8ClampedArray(width * height * 4);
  const [south, north] = [northing(density.south), northing(density.north)];
  const inks = classes.colours.map(channels);
  for (let line = 0; line < height; line++) {
    const lat = latitude(north - ((line + 0.5) / height) * (north - south));
    const y = ((density.north - lat) / (density.north - density.south)) * density.rows - 0.5;
    for (let dot = 0; dot < width; dot++) {
      const value = (between(bytes, density.cols, density.rows, (dot + 0.5) / FINER - 0.5, y) / 255) ** 2 * density.most;
      const ink = value >= classes.least ? inks[classOf(value, classes.breaks)] : undefined;
      if (ink) pixels.set([...ink, 205], (line * width + dot) * 4);
    }
  }
  return { width, height, pixels };
}

export function surfaceCanvas(density: Density, classes: SurfaceClasses): HTMLCanvasElement {
  const { width, height, pixels } = surfacePixels(density, classes);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}

function northing(lat: number): number {
  return Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
}

function latitude(northing: number): number {
  return (Math.atan(Math.exp(northing)) * 360) / Math.PI - 90;
}

function channels(colour: string): [number, number, number] {
  const number = Number.parseInt(colour.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}
