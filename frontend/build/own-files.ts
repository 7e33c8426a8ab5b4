/** Addresses of public file servers, which libraries carry as a last resort, are taken out of the build: everything comes from our own. */
import type { Plugin } from "vite";

const ELSEWHERE = /https:\/\/(?:[a-z]+\.)*(?:jsdelivr\.net|unpkg\.com|cdnjs\.cloudflare\.com)\//g;

export function withoutElsewhere(code: string): string {
  return code.replace(ELSEWHERE, "/static/");
}

export function ownFiles(): Plugin {
  return { name: "own-files", apply: "build", renderChunk: (code) => ({ code: withoutElsewhere(code), map: null }) };
}
