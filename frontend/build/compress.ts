/** Puts a .gz and a .br beside every file of the build that gets smaller by it: the web server hands them out as they are. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { filesUnder } from "./icon-sprite.ts";

const SMALLEST = 1024; // bytes; below that nothing is won

export function compress(): Plugin {
  let out = "dist";
  return {
    name: "compress",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      out = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const file of filesUnder(out, /\.(js|css|svg|wasm)$/)) {
        const content = readFileSync(file);
        if (content.length < SMALLEST) continue;
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${file}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
      }
    },
  };
}
