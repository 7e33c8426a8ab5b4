/** Every icon that a template asks for exists and is in the sprite. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, hasDrawing, symbol, usedIcons } from "../build/icon-sprite";

const FRONTEND = join(import.meta.dirname, "..");
const used = usedIcons(FRONTEND);
const asked = ["../geo_renda/templates", "../apps"].flatMap((folder) =>
  filesUnder(join(FRONTEND, folder), /\.html$/).flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/(?:icon\.html" with name=|\bicon=)"([^"]+)"/g)].map((found) => found[1] as string),
  ),
);

describe("icons", () => {
  it("of templates all have a drawing and are in the sprite", () => {
    expect(asked.length).toBeGreaterThan(10);
    expect([...new Set(asked)].filter((name) => !hasDrawing(name, FRONTEND) || !used.includes(name))).toEqual([]);
  });
  it("named by scripts and views are in the sprite, words that are no icon are not", () => {
    expect(used).toContain("info-circle"); // toast.ts
    expect(used).toContain("search"); // the navigation
    expect(used).not.toContain("utf8");
  });
  it("are drawn as symbols of one size, with no colour of their own", () => {
    for (const name of used) {
      const drawing = symbol(name, FRONTEND);
      expect(drawing).toMatch(new RegExp(`^<symbol id="${name}" viewBox="0 0 24 24"`));
      expect(drawing).not.toMatch(/<svg|#[0-9a-f]{3}/);
    }
  });
});
