import { describe, expect, it } from "vitest";
import { collection } from "../src/geo";
import { faultMarks } from "../src/layers/faults";

describe("faultMarks", () => {
  it("stand inside their fault, however it is shaped, and carry its id", () => {
    const ring: GeoJSON.Geometry = { type: "Polygon", coordinates: [[[0, 0], [9, 0], [9, 9], [0, 0]]] };
    const marks = faultMarks(collection([
      { type: "Feature", geometry: ring, properties: { id: "3-0", name: "重叠", at: [8, 1] } },
      { type: "Feature", geometry: ring, properties: { id: "3-1", name: "没有位置" } },
    ]));
    expect(marks.features).toEqual([{ type: "Feature", geometry: { type: "Point", coordinates: [8, 1] }, properties: { id: "3-0", name: "重叠", at: [8, 1] } }]);
  });
});
