import { expect, test } from "vitest";
import { outdated } from "../build/keep-replaced";

const DAY = 24 * 3600 * 1000;

test("what a build replaces stays for a week, counted from then, and what it needs stays for good", () => {
  const present = ["map-new.js", "map-new.js.br", "map-old.js", "map-old.js.gz", "map-older.js"];
  const first = outdated(present, new Set(["map-new.js"]), { "map-older.js": 0 }, 8 * DAY);
  expect(first.gone).toEqual(["map-older.js"]);
  expect(first.kept).toEqual({ "map-old.js": 8 * DAY, "map-old.js.gz": 8 * DAY });
  const again = outdated(["map-new.js", "map-old.js"], new Set(["map-old.js"]), first.kept, 9 * DAY); // built as before once more
  expect(again).toEqual({ gone: [], kept: { "map-new.js": 9 * DAY } });
});
