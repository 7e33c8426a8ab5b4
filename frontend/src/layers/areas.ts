/** The ground: white land, pale grey outside, thin borders by level, names of towns and villages from our own tiles. */
import type { LayerSpec, PlaceMap } from "../map";

export interface Palette {
  outside: string;
  land: string;
  county: string;
  town: string;
  village: string;
  name: string;
  halo: string;
  hatch: string;
  select: string;
  settlement: string;
}

const LIGHT: Palette = {
  outside: "#e9edf1",
  land: "#ffffff",
  county: "#7b8794",
  town: "#b9c2cc",
  village: "#e2e7ec",
  name: "#4a5561",
  halo: "#ffffff",
  hatch: "#a7b1bc",
  select: "#1d5fa8",
  settlement: "#c7cfd8",
};
const DARK: Palette = {
  outside: "#0b1219",
  land: "#1a2430",
  county: "#8290a0",
  town: "#4a5a6b",
  village: "#2c3846",
  name: "#c5ced8",
  halo: "#131c26",
  hatch: "#5b6a7a",
  select: "#7db2ea",
  settlement: "#3d4b5b",
};

export const FONTS = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"];
/** Fills of data go below this layer, so that borders and names stay readable. */
export const BELOW_BORDERS = "area-village-border";
/** Symbols and lines go above everything of the ground but its names. */
export const BELOW_NAMES = "area-village-name";

/** The doorplates as faint dots: where people live, so that a place has something around it. */
export function showSettlements(map: PlaceMap): void {
  map.addTiles("doorplate", { minzoom: 11 });
  map.addLayer(
    {
      id: "settlements",
      type: "circle",
      source: "doorplate",
      "source-layer": "doorplate",
      minzoom: 11,
      paint: {
        "circle-color": map.colours.settlement,
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 0.8, 14, 1.6, 17, 4.5],
        "circle-opacity": 0.8,
      },
    },
    BELOW_BORDERS,
  );
}

export function palette(dark: boolean): Palette {
  return dark ? DARK : LIGHT;
}

/** The ground's layers over the source "area" (MVT layers area and area_label). */
export function baseLayers(colours: Palette): LayerSpec[] {
  const border = (level: string, colour: string, width: number, minzoom = 0): LayerSpec => ({
    id: `area-${level}-border`,
    type: "line",
    source: "area",
    "source-layer": "area",
    minzoom,
    filter: ["==", ["get", "level"], level],
    layout: { "line-join": "round" },
    paint: { "line-color": colour, "line-width": width },
  });
  const name = (level: string, minzoom: number, from: number, to: number): LayerSpec => ({
    id: `area-${level}-name`,
    type: "symbol",
    source: "area",
    "source-layer": "area_label",
    minzoom,
    filter: ["==", ["get", "level"], level],
    layout: {
      "text-field": ["get", "name"],
      "text-font": FONTS,
      "text-size": ["interpolate", ["linear"], ["zoom"], minzoom, from, minzoom + 4, to],
      "text-padding": 2,
      "text-max-width": 8,
    },
    paint: {
      "text-color": colours.name,
      "text-halo-color": colours.halo,
      "text-halo-width": 1.6,
      "text-opacity": level === "village" ? 0.85 : 1,
    },
  });
  return [
    { id: "ground", type: "background", paint: { "background-color": colours.outside } },
    {
      id: "area-land",
      type: "fill",
      source: "area",
      "source-layer": "area",
      filter: ["in", ["get", "level"], ["literal", ["county", "town"]]],
      paint: { "fill-color": colours.land, "fill-antialias": false },
    },
    border("village", colours.village, 0.8, 11),
    border("town", colours.town, 1.1),
    border("county", colours.county, 1.8),
    name("village", 12.5, 11, 13),
    name("town", 8, 12, 17),
  ];
}
