/** Places as symbols: home ●, work ■, station ▲, doorplate, case and the resident's own place. */
import type { FeatureCollection } from "geojson";
import { circle, collection } from "../geo";
import type { LayerSpec, LonLat, PlaceMap } from "../map";
import { KIND_WORDS, symbolSvg } from "../symbols";
import { BELOW_NAMES, FONTS } from "./areas";

/** Points {id?, kind, name?, tone?}. `names` writes the name beside the symbol once there is room for it. */
export function showPlaces(map: PlaceMap, id: string, points: FeatureCollection | null | undefined, names = true): void {
  map.setData(id, points);
  map.addLayer(symbolLayer(id, names));
}

export function symbolLayer(id: string, names: boolean): LayerSpec {
  const pin = ["in", ["get", "kind"], ["literal", ["case", "here"]]];
  return {
    id,
    type: "symbol",
    source: id,
    layout: {
      "icon-image": ["case", ["has", "tone"], ["concat", ["get", "kind"], "-", ["get", "tone"]], ["get", "kind"]],
      "icon-size": grownBy(["match", ["get", "kind"], ["case", "here"], 1.25, "station", 0.8, 0.72]),
      "icon-anchor": ["case", pin, "bottom", "center"] as never,
      "icon-allow-overlap": true,
      "icon-ignore-placement": true, // names of towns stay
      "icon-padding": 0,
      ...(names
        ? {
            "text-field": ["step", ["zoom"], "", 11.5, ["coalesce", ["get", "name"], ""]] as never,
            "text-font": FONTS,
            "text-size": 12,
            "text-anchor": "top",
            "text-offset": [0, 0.9] as [number, number],
            "text-optional": true,
            "text-max-width": 9,
          }
        : {}),
      "symbol-sort-key": ["match", ["get", "kind"], ["here"], 9, ["case"], 5, 1] as never,
    },
    paint: names ? { "text-color": "#1f2933", "text-halo-color": "#ffffff", "text-halo-width": 1.5 } : {},
  };
}

/** Symbols at two thirds of their size while the whole county is in sight. */
export function grownBy(size: number | unknown[]): never {
  return ["interpolate", ["linear"], ["zoom"], 9.5, ["*", 0.66, size], 12, size] as never;
}

/** The place asked about, with a ring as wide as the position is unsure (metres). */
export function showHere(map: PlaceMap, at: LonLat, accuracy?: number | null): void {
  map.setData("here-accuracy", collection(accuracy && accuracy > 15 ? [circle(at[0], at[1], accuracy)] : []));
  map.addLayer(
    { id: "here-accuracy", type: "fill", source: "here-accuracy", paint: { "fill-color": "#b3261e", "fill-opacity": 0.1 } },
    BELOW_NAMES,
  );
  map.addPin(at);
}

/** The symbols that occur in the data, in words, under a map. */
export function symbolKey(frame: Element | null, ...sets: (FeatureCollection | null | undefined)[]): void {
  const kinds = new Set(sets.flatMap((set) => set?.features.map((f) => String(f.properties?.kind ?? "")) ?? []));
  const list = document.createElement("ul");
  list.className = "map-symbols";
  for (const kind of kinds) {
    const words = KIND_WORDS[kind];
    if (!words) continue;
    const item = document.createElement("li");
    item.append(symbolSvg(kind), words);
    list.append(item);
  }
  if (list.children.length > 0 && frame) frame.append(list);
}
