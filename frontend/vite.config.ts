/** Bundles the shell and one script per page. The manifest is what the templates' {% vite_asset %} reads. */
import { readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { compress } from "./build/compress.ts";
import { exportMap } from "./build/export-map.ts";
import { iconSprite } from "./build/icon-sprite.ts";
import { keepReplaced } from "./build/keep-replaced.ts";
import { ownFiles } from "./build/own-files.ts";

const views = readdirSync(new URL("./src/views", import.meta.url))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `src/views/${name}`);

export default defineConfig({
  base: "/static/",
  plugins: [iconSprite(), exportMap(), ownFiles(), compress(), keepReplaced()],
  build: {
    outDir: "dist",
    manifest: "manifest.json",
    target: "es2022",
    // The Content-Security-Policy allows no data: fonts, and a file of its own is cached longer.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1300,
    rolldownOptions: {
      input: ["src/shell.ts", "src/sw.ts", ...views],
      checks: { eval: false }, // htmx has one; allowEval is off and the Content-Security-Policy refuses it
    },
  },
  worker: { format: "es" },
  test: { include: ["test/**/*.test.ts"] },
});
