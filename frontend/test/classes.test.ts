import { describe, expect, it } from "vitest";
import { changeClasses, classOf, growingClasses, HEAT, quantileClasses } from "../src/classes";

describe("quantileClasses", () => {
  it("puts equally many of 1..10 into five classes", () => {
    const { breaks, colours, labels } = quantileClasses([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(breaks).toEqual([3, 5, 7, 9]);
    expect(colours).toEqual([...HEAT]);
    expect(labels).toEqual(["1–2", "3–4", "5–6", "7–8", "9–10"]);
    const counts = [0, 0, 0, 0, 0];
    for (let n = 1; n <= 10; n++) counts[classOf(n, breaks)] = (counts[classOf(n, breaks)] ?? 0) + 1;
    expect(counts).toEqual([2, 2, 2, 2, 2]);
  });
  it("never parts equal values, and has no empty class at the bottom", () => {
    const { breaks, labels } = quantileClasses([0, 0, 0, 0, 0, 0, 0, 5, 9]);
    expect(labels).toHaveLength(breaks.length + 1);
    for (const limit of breaks) expect(limit).toBeGreaterThan(0);
    expect(classOf(0, breaks)).toBe(0);
    expect(classOf(9, breaks)).toBe(breaks.length);
  });
  it("gives one class, in the ramp's middle colour, for one value", () => {
    expect(quantileClasses([7, 7, 7])).toEqual({ breaks: [], colours: [HEAT[2]], labels: ["7"] });
  });
  it("makes one class of values that hardly differ", () => {
    expect(quantileClasses([4.8, 4.9, 5.0, 5.1, 5.3], HEAT, 1)).toEqual({ breaks: [], colours: [HEAT[2]], labels: ["4.8–5.3"] });
    expect(quantileClasses([0, 0, 0]).colours).toEqual([HEAT[2]]);
  });
  it("keeps the ends of the ramp for values that are twice as large", () => {
    expect(quantileClasses([4, 5]).colours).toEqual([HEAT[1], HEAT[2]]); // a quarter more
    expect(quantileClasses([4, 5, 6]).colours).toEqual([HEAT[1], HEAT[2], HEAT[3]]); // half more
    expect(quantileClasses([4, 5, 6, 7, 8]).colours).toEqual([...HEAT]);
  });
  it("lets one outlier stand out without parting the others from each other", () => {
    const { breaks, colours } = quantileClasses([5.0, 5.1, 5.2, 5.3, 5.4, 12], HEAT, 1);
    const used = [5.0, 5.1, 5.2, 5.3, 5.4].map((value) => classOf(value, breaks));
    expect(new Set(used)).toEqual(new Set([0]));
    expect([classOf(12, breaks), colours]).toEqual([1, [HEAT[0], HEAT[4]]]);
  });
  it("gives rates that lie close together one more digit, so that no two classes read alike", () => {
    const { labels } = quantileClasses([0.41, 0.58, 0.66, 0.74, 1.52], HEAT, 1);
    expect(labels).toEqual(["0.41–0.57", "0.58–0.65", "0.66–0.73", "0.74–1.51", "1.52"]);
  });
  it("gives none for nothing, and passes over what is no number", () => {
    expect(quantileClasses([])).toEqual({ breaks: [], colours: [], labels: [] });
    expect(quantileClasses([Number.NaN, Infinity, 3]).labels).toEqual(["3"]);
  });
  it("spreads few classes over the whole ramp and writes as many digits as asked", () => {
    const { colours, labels } = quantileClasses([0.25, 1.5], HEAT, 1);
    expect(colours).toEqual([HEAT[0], HEAT[4]]);
    expect(labels).toEqual(["0.3–1.4", "1.5"]);
  });
});

describe("changeClasses", () => {
  const { breaks, colours, labels } = changeClasses();
  it("has a neutral middle", () => {
    expect(colours[classOf(0, breaks)]).toBe("#ecebe8");
    expect(labels[classOf(4.9, breaks)]).toContain("差不多");
  });
  it.each([[-80, 0], [-25, 1], [-5, 2], [5, 3], [24, 3], [25, 4], [300, 4]])("puts %i into class %i", (change, expected) => {
    expect(classOf(change, breaks)).toBe(expected);
  });
});

describe("growingClasses", () => {
  it("parts the few large counts from the many small ones", () => {
    const { breaks, colours, labels } = growingClasses([1, 1, 1, 1, 1, 1, 2, 2, 3, 5, 9, 49]);
    expect(breaks).toEqual([3, 5, 11, 23]); // 49 to the power of 1/5 … 4/5, rounded up
    expect(colours).toEqual([...HEAT]);
    expect(labels).toEqual(["1–2", "3–4", "5–10", "11–22", "23–49"]);
  });
  it("has fewer classes where there are fewer counts, each of them with its own limit", () => {
    expect(growingClasses([1, 2, 3]).labels).toEqual(["1", "2", "3"]);
    expect(growingClasses([1, 1]).labels).toEqual(["1"]);
    expect(growingClasses([4, 4, 6]).breaks.every((limit, i, all) => limit > 4 && limit <= 6 && (i === 0 || limit > (all[i - 1] ?? 0)))).toBe(true);
  });
  it("gives none for nothing", () => {
    expect(growingClasses([])).toEqual({ breaks: [], colours: [], labels: [] });
    expect(growingClasses([0])).toEqual({ breaks: [], colours: [], labels: [] });
  });
});
