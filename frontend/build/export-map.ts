/** Leaflet, as it is, for the maps in files that are given away (folium writes them for it): `export/leaflet.js` and `export/leaflet.css`. */
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const FILES = ["leaflet.js", "leaflet.css"];

export function exportMap(): Plugin {
  return {
    name: "export-map",
    apply: "build",
    generateBundle() {
      for (const file of FILES) {
        const source = readFileSync(new URL(`../node_modules/leaflet/dist/${file}`, import.meta.url), "utf-8");
        this.emitFile({ type: "asset", fileName: `export/${file}`, source: source.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n") });
      }
    },
  };
}
