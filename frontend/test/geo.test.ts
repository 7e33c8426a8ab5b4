import { describe, expect, it } from "vitest";
import { boundsOf, cellFeatures, circle, collection, distanceWords, metresBetween, parseBounds, pointFeature } from "../src/geo";

describe("boundsOf", () => {
  it("holds points, lines, polygons and collections together", () => {
    const line = { type: "LineString" as const, coordinates: [[120, 27], [121, 28]] };
    const many = { type: "GeometryCollection" as const, geometries: [line, { type: "Point" as const, coordinates: [119.5, 29] }] };
    expect(boundsOf(many, collection([pointFeature(122, 26.5)]), null)).toEqual([119.5, 26.5, 122, 29]);
  });
  it("is null without a finite position", () => {
    expect(boundsOf(null, collection([]), pointFeature(Number.NaN, 27))).toBeNull();
    expect(boundsOf({ type: "Feature", properties: {}, geometry: null as never })).toBeNull();
  });
});

describe("parseBounds", () => {
  it("reads four numbers", () => expect(parseBounds("120.1, 27.2,120.9,27.9")).toEqual([120.1, 27.2, 120.9, 27.9]));
  it.each([null, undefined, "", "1,2,3", "1,2,3,x", "1,,3,4", "3,2,1,4", "1,4,3,2"])("refuses %s", (text) => {
    expect(parseBounds(text)).toBeNull();
  });
});

describe("distances", () => {
  it("agree with a hand-computed degree of latitude", () => {
    expect(metresBetween([120, 27], [120, 28])).toBeCloseTo((Math.PI / 180) * 6_371_008.8, 3);
    expect(metresBetween([120, 27], [120, 27])).toBe(0);
  });
  it.each([[0, "0 米"], [34.6, "35 米"], [999.4, "999 米"], [1240, "1.2 公里"], [12_600, "13 公里"]])("%f m reads %s", (metres, words) => {
    expect(distanceWords(metres)).toBe(words);
  });
  it("gives a closed circle whose corners lie so far away", () => {
    const ring = (circle(120.4, 27.5, 300).geometry as unknown as { coordinates: [number, number][][] }).coordinates[0] ?? [];
    expect(ring[0]).toEqual(ring.at(-1));
    for (const corner of ring) expect(metresBetween([120.4, 27.5], corner)).toBeCloseTo(300, -1);
  });
});

describe("cellFeatures", () => {
  it("makes closed squares that know their count and their place", () => {
    const [cell] = cellFeatures([[120, 27, 120.01, 27.01, 6]]).features;
    expect(cell?.properties).toEqual({ id: "120,27,120.01,27.01", count: 6 });
    expect(cell?.geometry).toEqual({
      type: "Polygon",
      coordinates: [[[120, 27], [120.01, 27], [120.01, 27.01], [120, 27.01], [120, 27]]],
    });
  });
});
