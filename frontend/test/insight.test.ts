import { describe, expect, it } from "vitest";
import { HEAT, naturalClasses } from "../src/classes";
import type { Density, Region } from "../src/insight/answer";
import { surfaceAt, surfaceBytes, surfaceClasses, surfacePixels } from "../src/insight/density";
import { stepQuery } from "../src/insight/form";
import { scaleLength } from "../src/insight/picture";
import { type Ask, changeOf, countWords, regionClasses, SURFACES } from "../src/insight/surfaces";
import { changedSquares, hexagons, squares } from "../src/layers/insight";
import { wrapped } from "../src/legend";

const ASK: Ask = { by: "region", level: "town", measure: "count", breaks: "", levelWord: "乡镇街道", lists: { cases: "/cases/?state=all", records: null } };
const region = (more: Partial<Region> = {}): Region => ({ code: "1", name: "东溪镇", count: 12, per_1000: 0.6, low: 0.31, high: 1.05, ...more });

describe("naturalClasses", () => {
  it("parts values where the gaps are", () => {
    expect(naturalClasses([1, 2, 3, 10, 11, 12, 30, 31], HEAT.slice(0, 3)).breaks).toEqual([10, 30]);
    expect(naturalClasses([1, 2, 3, 10, 11, 12, 30, 31], HEAT.slice(0, 3)).labels).toEqual(["1–9", "10–29", "30–31"]);
  });
  it("finds the least sum of squares of all ways to part them", () => {
    let seed = 7;
    const random = () => (seed = (seed * 48271) % 2147483647) % 60;
    for (let round = 0; round < 40; round++) {
      const values = Array.from({ length: 9 }, () => random() + 1).sort((a, b) => a - b);
      const { breaks } = naturalClasses(values, HEAT.slice(0, 3));
      if (breaks.length < 2) continue; // nearer than a class may be
      const cost = (limits: number[]) => {
        const classes = [0, 1, 2].map((index) => values.filter((value) => limits.filter((limit) => value >= limit).length === index));
        return classes.reduce((sum, some) => sum + some.reduce((all, value) => all + (value - some.reduce((a, b) => a + b, 0) / some.length) ** 2, 0), 0);
      };
      const pairs = values.flatMap((low) => values.map((high) => [low, high])).filter(([low = 0, high = 0]) => low < high && low > (values[0] ?? 0));
      expect(cost(breaks)).toBeCloseTo(Math.min(...pairs.map(cost)), 6);
    }
  });
  it("has the same rules as quantiles where values hardly differ", () => {
    expect(naturalClasses([4.8, 4.9, 5.0, 5.1, 5.3], HEAT, 1).labels).toEqual(["4.8–5.3"]);
    expect(naturalClasses([])).toEqual({ breaks: [], colours: [], labels: [] });
  });
});

describe("regions", () => {
  it("give zero a class of its own, whatever else there is", () => {
    const { breaks, labels, colours } = regionClasses([0, 0, 5, 6, 30], ASK);
    expect(labels[0]).toBe("0");
    expect(labels).toHaveLength(colours.length);
    expect(breaks[0]).toBeGreaterThan(0);
    expect(breaks[0]).toBeLessThan(5);
    expect(regionClasses([0, 0], ASK)).toEqual({ breaks: [], labels: ["0"], colours: ["#f3f0e7"] });
    expect(regionClasses([3, 9], ASK).labels[0]).not.toBe("0");
  });
  it("say how sure a rate and a change are", () => {
    expect(countWords(region())).toEqual(["12 件，每千人 0.6 件（95% 区间 0.3–1.1）"]);
    expect(countWords(region({ before: 6, ratio: 2, mark: "" }))[1]).toBe("对比时段 6 件，多 100%；可能只是偶然波动");
    expect(countWords(region({ before: 60, ratio: 0.2, mark: "less" }))[1]).toBe("对比时段 60 件，少 80%；变化显著");
    expect(countWords(region({ per_1000: null, low: null, high: null }))).toEqual(["12 件"]);
  });
  it("from nothing to something is more than any percent; nothing twice is no change", () => {
    expect(changeOf(region({ before: 0, ratio: null }))).toBe(Infinity);
    expect(changeOf(region({ before: 0, count: 0, ratio: null }))).toBeNull();
    expect(changeOf(region({ before: 8, ratio: 1.5 }))).toBe(50);
  });
});

describe("cells", () => {
  const lattice = { size: 500, lon0: 120, lat0: 28, lon_step: 0.005, lat_step: 0.0045, col: [0, -2], row: [1, 3] };
  it("lie in the lattice, named by the box that the lists are narrowed to", () => {
    const { features } = squares({ ...lattice, n: [4, 7] });
    expect(features.map(({ properties }) => properties)).toEqual([{ id: "120,28.0045,120.005,28.009", count: 4 }, { id: "119.99,28.0135,119.995,28.018", count: 7 }]);
    const hit = { layer: "", at: [0, 0] as [number, number], properties: features[0]?.properties ?? {} };
    const links = SURFACES.cell?.links({} as never, hit, ASK);
    expect(links).toEqual([{ url: "/cases/?state=all&bbox=120%2C28.0045%2C120.005%2C28.009", label: "看民情件" }]);
  });
  it("that changed say by how much and whether it may be chance", () => {
    // The days before were half as many: nine are half as much more than three.
    const { features } = changedSquares({ ...lattice, now: [9, 3], before: [3, 0], ratio: [1.5, null], q: [0.01, 0.4], mark: ["more", ""] });
    expect(features.map(({ properties }) => [properties?.change, properties?.sure])).toEqual([[50, true], [1e6, false]]);
  });
  it("as hexagons stand around their middles, named by what the lists are narrowed to", () => {
    const corners: [number, number][] = [[0.01, 0], [0.005, 0.01], [-0.005, 0.01], [-0.01, 0], [-0.005, -0.01], [0.005, -0.01]];
    const [hex] = hexagons({ size: 1000, q: [3], r: [-2], lon: [120], lat: [28], n: [5], corners }).features;
    expect(hex?.properties).toEqual({ id: "1000,3,-2", count: 5 });
    expect(hex?.geometry.type === "Polygon" && hex.geometry.coordinates[0]).toHaveLength(7);
  });
});

describe("density", () => {
  const surface = (bytes: number[], cols: number, rows: number): Density => ({
    west: 120, south: 28, east: 120 + cols / 100, north: 28 + rows / 100, cols, rows, most: 8, bandwidth: 500, data: btoa(String.fromCharCode(...bytes)),
  });
  it("is read at a place between the cells' middles, north on top", () => {
    const one = surface([255, 0, 0, 0], 2, 2);
    const bytes = surfaceBytes(one);
    expect(surfaceAt(one, bytes, 120.005, 28.015)).toBeCloseTo(8); // the middle of the north-western cell
    expect(surfaceAt(one, bytes, 120.01, 28.015)).toBeCloseTo(2); // half the byte is a quarter of the value
    expect(surfaceAt(one, bytes, 121, 29)).toBe(0);
  });
  it("refuses what is cut off", () => {
    expect(() => surfaceBytes({ ...surface([1, 2, 3, 4], 2, 2), cols: 3 })).toThrow(RangeError);
  });
  it("is painted in the legend's classes, the ground left free", () => {
    const classes = surfaceClasses(8);
    expect(classes.labels).toEqual(["0.25–0.5", "0.5–1", "1–2", "2–4", "4 以上"]);
    const { width, height, pixels } = surfacePixels(surface([255, 255, 0, 0, 0, 0, 0, 0, 0], 3, 3), classes);
    expect([width, height]).toEqual([18, 18]);
    const at = (x: number, y: number) => [...pixels.slice((y * width + x) * 4, (y * width + x) * 4 + 4)];
    expect(at(5, 2)).toEqual([0x9c, 0x22, 0x18, 205]); // between two full cells in the north
    expect(at(9, 17)[3]).toBe(0);
  });
  it("has no class where there is nothing", () => {
    expect(surfaceClasses(0).labels).toEqual([]);
  });
});

describe("pictures and addresses", () => {
  it("have a bar of a round length", () => {
    expect(scaleLength(10)).toEqual({ metres: 1000, pixels: 100 });
    expect(scaleLength(47)).toEqual({ metres: 5000, pixels: 5000 / 47 });
  });
  it("break Chinese anywhere, numbers never", () => {
    const context = { font: "", measureText: (text: string) => ({ width: text.length * 10 }) } as unknown as CanvasRenderingContext2D;
    for (const line of wrapped(context, "2026年3月14日至2026年11月22日", 60, "")) expect(line.length).toBeLessThanOrEqual(6);
    expect(wrapped(context, "2026年3月14日", 60, "")).toEqual(["2026年3", "月14日"]);
  });
  it("of one step keep all filters but the period", () => {
    const query = stepQuery(new URLSearchParams("by=cell&period=365&category=l1_urban"), { since: "2026-03-01", until: "2026-03-31" });
    expect(query.toString()).toBe("by=cell&category=l1_urban&since=2026-03-01&until=2026-03-31");
  });
});
