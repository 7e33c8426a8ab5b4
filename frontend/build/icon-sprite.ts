/** Makes icons.svg, one <symbol> for each of Tabler's icons that a template, a view or a script names: only what is used is shipped. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const DRAWINGS = "node_modules/@tabler/icons/icons/outline";
/** Where icons are named, from the front end's folder. A name is any quoted word that Tabler has a drawing for. */
const SOURCES = ["../apps", "../geo_renda", "src"];

export function filesUnder(folder: string, ending: RegExp): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesUnder(path, ending);
    return ending.test(name) ? [path] : [];
  });
}

export function hasDrawing(name: string, root = "."): boolean {
  return existsSync(join(root, DRAWINGS, `${name}.svg`));
}

/** The names of all icons in use, sorted. */
export function usedIcons(root = "."): string[] {
  const names = new Set<string>();
  for (const source of SOURCES) {
    for (const file of filesUnder(join(root, source), /\.(html|py|ts)$/)) {
      for (const [, word] of readFileSync(file, "utf8").matchAll(/["']([a-z][a-z0-9-]*)["']/g)) names.add(word as string);
    }
  }
  return [...names].filter((name) => hasDrawing(name, root)).sort();
}

/** An icon's drawing as a <symbol id="name">, in the colour of the text around it. */
export function symbol(name: string, root = "."): string {
  const drawing = readFileSync(join(root, DRAWINGS, `${name}.svg`), "utf8")
    .replace(/<svg[^>]*>/, "")
    .replace("</svg>", "")
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "")
    .trim()
    .replace(/\s*\n\s*/g, "");
  const paint = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${drawing}</symbol>`;
}

export function iconSprite(): Plugin {
  let root = ".";
  return {
    name: "icon-sprite",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    generateBundle() {
      const symbols = usedIcons(root).map((name) => symbol(name, root));
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`;
      this.emitFile({ type: "asset", fileName: "icons.svg", source });
    },
  };
}
