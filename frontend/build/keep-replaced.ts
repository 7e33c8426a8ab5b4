/** Files of earlier builds stay for a week after they were replaced: a server that still runs names them in its pages, and pages are open in browsers. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const WEEK = 7 * 24 * 3600 * 1000; // milliseconds
const NOTES = ".replaced.json";

/**
 * Which files go, and since when the others are no longer part of the build.
 *
 * present: names in the folder; built: those of this build (their compressed forms follow them); replaced: name -> time in ms, from the last time.
 */
export function outdated(present: string[], built: Set<string>, replaced: Record<string, number>, now: number): { gone: string[]; kept: Record<string, number> } {
  const gone: string[] = [];
  const kept: Record<string, number> = {};
  for (const name of present) {
    if (built.has(name.replace(/\.(br|gz)$/, ""))) continue;
    const since = replaced[name] ?? now;
    if (now - since > WEEK) gone.push(name);
    else kept[name] = since;
  }
  return { gone, kept };
}

export function keepReplaced(): Plugin {
  return {
    name: "keep-replaced",
    apply: "build",
    config: () => ({ build: { emptyOutDir: false } }),
    writeBundle(options, bundle) {
      const root = options.dir ?? "dist";
      const notes = join(root, NOTES);
      const folder = join(root, "assets");
      const built = new Set(Object.keys(bundle).map((name) => name.replace(/^assets\//, "")));
      const replaced = existsSync(notes) ? (JSON.parse(readFileSync(notes, "utf8")) as Record<string, number>) : {};
      const { gone, kept } = outdated(readdirSync(folder), built, replaced, Date.now());
      for (const name of gone) rmSync(join(folder, name));
      writeFileSync(notes, JSON.stringify(kept));
    },
  };
}
