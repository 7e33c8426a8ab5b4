/** Every icon a template or script asks for is in the sprite, and nothing else is shipped. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readIconNames, symbol } from "../build/icon-sprite";

const ROOT = join(import.meta.dirname, "..", "..");
const listed = readIconNames(join(ROOT, "frontend", "icons.json"));

function filesUnder(folder: string, ending: RegExp): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "node_modules" ? [] : filesUnder(path, ending);
    return ending.test(name) ? [path] : [];
  });
}

function asked(folder: string, ending: RegExp, pattern: RegExp): string[] {
  return filesUnder(join(ROOT, folder), ending).flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(pattern)].map((found) => found[1] as string),
  );
}

const inTemplates = ["geo_renda", "apps"].flatMap((folder) => [
  ...asked(folder, /\.html$/, /icon\.html" with name="([a-z0-9-]+)"/g),
  ...asked(folder, /\.html$/, /\bicon="([a-z0-9-]+)"/g),
  ...asked(folder, /\.html$/, /default:"([a-z]+-[a-z-]+)"/g),
]);

describe("icons", () => {
  it("of templates are in the list", () => {
    expect(inTemplates.length).toBeGreaterThan(10);
    expect([...new Set(inTemplates)].filter((name) => !listed.includes(name))).toEqual([]);
  });
  it("are drawn as symbols of one size, with no colour of their own", () => {
    for (const name of listed) {
      const drawing = symbol(name, join(ROOT, "frontend"));
      expect(drawing).toMatch(new RegExp(`^<symbol id="${name}" viewBox="0 0 24 24"`));
      expect(drawing).not.toMatch(/<svg|#[0-9a-f]{3}/);
    }
  });
});
