import { describe, expect, it } from "vitest";
import { tileUrl } from "../src/data";
import { collection, pointFeature } from "../src/geo";
import { nearZoom, readRun } from "../src/layers/pairs";
import { projectMarks } from "../src/layers/projects";
import { tint } from "../src/layers/turnover";
import { resultView } from "../src/layers/result";
import { findUrl, positionError } from "../src/place-words";
import { symbolParts, TONES } from "../src/symbols";

describe("tileUrl", () => {
  it("carries the layer's version, so that tiles can be kept for good", () => {
    expect(tileUrl("area", "http://h", { area: 7 })).toBe("http://h/tiles/area/{z}/{x}/{y}.mvt?v=7");
    expect(tileUrl("grid", "http://h", { area: 7 })).toBe("http://h/tiles/grid/{z}/{x}/{y}.mvt");
  });
});

describe("projectMarks", () => {
  const mark = (geometry: GeoJSON.Geometry | null, more = {}) =>
    projectMarks(collection([{ type: "Feature", properties: { id: "P1", tone: "late", ...more }, geometry: geometry as GeoJSON.Geometry }])).features[0];
  it("stands on a point, on the middle of a line's corners, in the middle of a polygon's frame", () => {
    expect(mark({ type: "Point", coordinates: [1, 2] })?.geometry).toEqual({ type: "Point", coordinates: [1, 2] });
    expect(mark({ type: "LineString", coordinates: [[0, 0], [5, 1], [6, 0]] })?.geometry).toEqual({ type: "Point", coordinates: [5, 1] });
    expect(mark({ type: "Polygon", coordinates: [[[0, 0], [4, 0], [4, 2], [0, 0]]] })?.geometry).toEqual({ type: "Point", coordinates: [2, 1] });
  });
  it("prefers the project's own site, keeps its properties, and leaves out what has no place", () => {
    const sited = mark({ type: "LineString", coordinates: [[0, 0], [9, 9]] }, { site: [3, 3] });
    expect(sited?.geometry).toEqual({ type: "Point", coordinates: [3, 3] });
    expect(sited?.properties).toMatchObject({ id: "P1", tone: "late", kind: "project" });
    expect(mark(null)).toBeUndefined();
  });
});

describe("readRun", () => {
  /** As apps/supervision/lines.py writes it: one topic, two places (the second free), one line by hand that is locked. */
  function written(): ArrayBuffer {
    const words = [0x31_4c_52_47, 7, 1, 2, 1, 120_500_000, 28_000_001, 120_400_000, 28_100_000, -1, -2, 3, 40, 41, 900, 0, 0];
    const bytes = new Uint8Array(words.length * 4 + 4);
    words.forEach((word, at) => new DataView(bytes.buffer).setInt32(at * 4, word, true));
    bytes.set([1, 2, 17, 3], words.length * 4);
    return bytes.buffer;
  }

  it("tells topics, places and lines by their ids", () => {
    const run = readRun(written());
    expect(run.revision).toBe(7);
    expect(run.topics).toEqual([{ id: 3, at: [120.5, 28.000001], empty: true }]);
    expect(run.places).toEqual([
      { id: 40, at: [120.4, 28.1], kind: "village", free: false },
      { id: 41, at: [-0.000001, -0.000002], kind: "work", free: true },
    ]);
    expect(run.lines).toEqual([{ id: 900, topic: 3, deputy: 40, from: [120.5, 28.000001], to: [120.4, 28.1], byHand: true, locked: true }]);
  });
  it("draws symbols once some hundreds are in sight, and always where there are few", () => {
    const run = readRun(written());
    expect(nearZoom(run)).toBe(0);
    const many = Array.from({ length: 40_000 }, (_, id) => ({ id, at: [120 + (id % 200) / 400, 28] as [number, number], empty: false }));
    const zoom = nearZoom({ ...run, topics: many, places: [] });
    expect(zoom).toBeGreaterThan(13); // all are in sight at 10.3; a hundredth of them some three steps later
    expect(zoom).toBeLessThan(14.5);
  });
  it("refuses what is not a run, or cut off", () => {
    expect(() => readRun(new ArrayBuffer(20))).toThrow(RangeError);
    expect(() => readRun(written().slice(0, 40))).toThrow(RangeError);
  });
});

describe("resultView", () => {
  it("holds the place and the three nearest, not what lies far away", () => {
    const places = collection([pointFeature(130, 40), pointFeature(120.1, 27), pointFeature(120, 27.1), pointFeature(119.9, 27)]);
    expect(resultView({ point: { lon: 120, lat: 27 }, places })).toEqual([119.9, 27, 120.1, 27.1]);
    expect(resultView({ point: { lon: 120, lat: 27 } })).toEqual([120, 27, 120, 27]);
  });
});

describe("symbols", () => {
  it("take the tone's colour, else the kind's own", () => {
    expect(symbolParts("project-late")?.colour).toBe(TONES.late);
    expect(symbolParts("station")?.colour).not.toBe(symbolParts("work")?.colour);
    expect(symbolParts("village")?.hollow).toBe(true);
    expect(symbolParts("nothing")).toBeNull();
  });
});

describe("positions", () => {
  it("are sent with six decimals", () => {
    expect(findUrl("/find", 120.41, 27.5, { via: "map" })).toBe("/find?lat=27.500000&lon=120.410000&via=map");
  });
  it.each([1, 2, 3])("say what to do instead when the browser refuses (%i)", (code) => {
    expect(positionError(code)).toMatch(/输入地址/);
  });
});

describe("tint", () => {
  it("is neutral around the mean, blue below, orange above, and nothing where people are not known", () => {
    expect(tint(0)).toBe("#efefec");
    expect(tint(-0.0999)).toBe(tint(0.0999));
    expect(tint(-0.31)).toBe("#2c6fb3");
    expect(tint(0.3)).toBe("#d9772b");
    expect(tint(null)).toBe("rgba(0,0,0,0)");
  });
});
