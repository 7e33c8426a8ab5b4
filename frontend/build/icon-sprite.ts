/** Makes icons.svg, one <symbol> for each of Tabler's icons named in the list: only what is used is shipped. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

export function readIconNames(listFile: string): string[] {
  return JSON.parse(readFileSync(listFile, "utf8")) as string[];
}

/** An icon's drawing as a <symbol id="name">; a trailing "-filled" asks for the filled variant. */
export function symbol(name: string, root = "."): string {
  const filled = name.endsWith("-filled");
  const file = join(root, "node_modules/@tabler/icons/icons", filled ? "filled" : "outline", `${name.replace(/-filled$/, "")}.svg`);
  const drawing = readFileSync(file, "utf8")
    .replace(/<svg[^>]*>/, "")
    .replace("</svg>", "")
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "")
    .trim()
    .replace(/\s*\n\s*/g, "");
  const paint = filled
    ? 'fill="currentColor"'
    : 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${drawing}</symbol>`;
}

export function iconSprite(listFile: string): Plugin {
  let root = ".";
  return {
    name: "icon-sprite",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    generateBundle() {
      const symbols = readIconNames(join(root, listFile)).map((name) => symbol(name, root));
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`;
      this.emitFile({ type: "asset", fileName: "icons.svg", source });
    },
  };
}
