/** What a page hands to its script: JSON in <script type="application/json" id="…">. */
import type { Bounds } from "./geo";

/** The parsed JSON of that element; null when the page has none. A broken one is a defect and throws. */
export function pageData<T>(id: string, root: ParentNode = document): T | null {
  const element = root.querySelector(`script#${id}`);
  return element ? (JSON.parse(element.textContent ?? "null") as T) : null;
}

export interface MapConfig {
  bounds?: Bounds | null;
  /** A layer's version goes into its tile addresses, so that they can be cached for good. */
  versions?: Record<string, number>;
}

export function mapConfig(): MapConfig {
  return pageData<MapConfig>("map-config") ?? {};
}

export function tileUrl(layer: string, origin: string, versions: Record<string, number> = {}): string {
  const version = versions[layer];
  return `${origin}/tiles/${layer}/{z}/{x}/{y}.mvt${version === undefined ? "" : `?v=${version}`}`;
}
