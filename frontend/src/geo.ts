/** Small sums on lon/lat GeoJSON: bounds, distances in words, squares of a grid. */
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";

/** west, south, east, north in degrees. */
export type Bounds = [number, number, number, number];
export type Shape = Feature | FeatureCollection | Geometry;

export const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

/** The bounds of everything in the shapes, or null when there is no finite position in them. */
export function boundsOf(...shapes: (Shape | null | undefined)[]): Bounds | null {
  const box: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const shape of shapes) eachPosition(shape, ([lon, lat]) => grow(box, lon, lat));
  return box[0] <= box[2] ? box : null;
}

function grow(box: Bounds, lon: number | undefined, lat: number | undefined): void {
  if (lon === undefined || lat === undefined || !Number.isFinite(lon) || !Number.isFinite(lat)) return;
  box[0] = Math.min(box[0], lon);
  box[1] = Math.min(box[1], lat);
  box[2] = Math.max(box[2], lon);
  box[3] = Math.max(box[3], lat);
}

function eachPosition(shape: Shape | null | undefined, visit: (position: Position) => void): void {
  if (!shape) return;
  if (shape.type === "FeatureCollection") for (const feature of shape.features) eachPosition(feature, visit);
  else if (shape.type === "Feature") eachPosition(shape.geometry, visit);
  else if (shape.type === "GeometryCollection") for (const part of shape.geometries) eachPosition(part, visit);
  else walk(shape.coordinates, visit);
}

function walk(coordinates: unknown, visit: (position: Position) => void): void {
  if (!Array.isArray(coordinates)) return;
  if (typeof coordinates[0] === "number") visit(coordinates as Position);
  else for (const part of coordinates) walk(part, visit);
}

/** "w,s,e,n" as bounds; null when it is not four finite numbers in order. */
export function parseBounds(text: string | null | undefined): Bounds | null {
  const numbers = (text ?? "").split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) return null;
  const [west, south, east, north] = numbers as Bounds;
  return west <= east && south <= north ? [west, south, east, north] : null;
}

export function pointFeature(lon: number, lat: number, properties: Record<string, unknown> = {}): Feature {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] } };
}

export function collection(features: Feature[]): FeatureCollection {
  return { type: "FeatureCollection", features };
}

/** A circle of so many metres around a place, as a polygon of 48 corners: good enough to show how sure a position is. */
export function circle(lon: number, lat: number, metres: number): Feature {
  const dLat = metres / 111_320;
  const dLon = dLat / Math.max(Math.cos((lat * Math.PI) / 180), 0.01);
  const ring: Position[] = [];
  for (let step = 0; step <= 48; step++) {
    const angle = ((step % 48) / 48) * 2 * Math.PI;
    ring.push([lon + dLon * Math.cos(angle), lat + dLat * Math.sin(angle)]);
  }
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}

/** Metres between two places on a sphere; for words on screen only, never for deciding. */
export function metresBetween(a: Position, b: Position): number {
  const rad = Math.PI / 180;
  const [lonA = 0, latA = 0] = a;
  const [lonB = 0, latB = 0] = b;
  const h =
    Math.sin(((latB - latA) * rad) / 2) ** 2 +
    Math.cos(latA * rad) * Math.cos(latB * rad) * Math.sin(((lonB - lonA) * rad) / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** 35 → "35 米", 1240 → "1.2 公里". */
export function distanceWords(metres: number): string {
  if (metres < 1000) return `${Math.round(metres)} 米`;
  return `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} 公里`;
}

/** Grid cells [west, south, east, north, count] as polygons with a `count` and an `id` ("w,s,e,n"). */
export function cellFeatures(cells: readonly (readonly number[])[]): FeatureCollection {
  return collection(
    cells.map(([west = 0, south = 0, east = 0, north = 0, count = 0]) => ({
      type: "Feature",
      properties: { id: [west, south, east, north].join(","), count },
      geometry: {
        type: "Polygon",
        coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
      },
    })),
  );
}
