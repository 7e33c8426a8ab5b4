/** How much, by region or by cell: a choropleth with a legend in numbers; nothing known is hatched, never blank. */
import { cellFeatures } from "../geo";
import { type Classes, classOf } from "../classes";
import type { PlaceMap } from "../map";
import { BELOW_BORDERS } from "./areas";

/** One region's value; null: nothing known. `suppressed`: too few to be shown. */
export interface RegionValue {
  code: string;
  value: number | null;
  suppressed?: boolean;
}

export const HEAT_LAYERS = ["heat-regions", "heat-hatched", "heat-cells"];

/** Colours the regions (areas of our tiles, by code) and takes the cells away. within: the prefix of the codes that are spoken of. */
export function showRegions(map: PlaceMap, level: string, values: readonly RegionValue[], classes: Classes, within = ""): void {
  map.removeLayer("heat-cells");
  const known = values.filter((v): v is RegionValue & { value: number } => v.value !== null && !v.suppressed);
  const colour: unknown[] = ["match", ["get", "code"]];
  for (const { code, value } of known) colour.push(code, classes.colours[classOf(value, classes.breaks)]);
  colour.push("rgba(0,0,0,0)");
  const here = ["all", ["==", ["get", "level"], level], ["==", ["slice", ["get", "code"], 0, within.length], within]];
  map.addLayer(
    {
      id: "heat-regions",
      type: "fill",
      source: "area",
      "source-layer": "area",
      filter: here as never,
      paint: { "fill-color": (known.length > 0 ? colour : "rgba(0,0,0,0)") as never, "fill-opacity": 0.9 },
    },
    BELOW_BORDERS,
  );
  const codes = known.map((v) => v.code);
  map.addLayer(
    {
      id: "heat-hatched",
      type: "fill",
      source: "area",
      "source-layer": "area",
      filter: ["all", here, ["!", ["in", ["get", "code"], ["literal", codes]]]] as never,
      paint: { "fill-pattern": "hatch" },
    },
    BELOW_BORDERS,
  );
}

/** Colours square cells [west, south, east, north, count] and takes the regions away. */
export function showCells(map: PlaceMap, cells: readonly (readonly number[])[], classes: Classes): void {
  map.removeLayer("heat-regions");
  map.removeLayer("heat-hatched");
  map.setData("heat-cells", cellFeatures(cells));
  const colour: unknown[] = ["step", ["get", "count"], classes.colours[0] ?? "#cccccc"];
  classes.breaks.forEach((limit, index) => colour.push(limit, classes.colours[index + 1]));
  map.addLayer(
    {
      id: "heat-cells",
      type: "fill",
      source: "heat-cells",
      paint: { "fill-color": (classes.breaks.length > 0 ? colour : (classes.colours[0] ?? "#cccccc")) as never, "fill-opacity": 0.82 },
    },
    BELOW_BORDERS,
  );
}

/** Rings one region; null rings none. */
export function lightRegion(map: PlaceMap, code: string | null): void {
  map.addLayer({
    id: "heat-lit",
    type: "line",
    source: "area",
    "source-layer": "area",
    filter: ["==", ["get", "code"], code ?? ""],
    paint: { "line-color": map.colours.select, "line-width": 3 },
  });
}

const SVG = "http://www.w3.org/2000/svg";

/** The legend: a title, one row per class with its range, hatched rows for what is not known. */
export function heatLegend(title: string, classes: Classes, hatched: string[] = [], note = ""): HTMLElement {
  const rows = classes.labels.map((label, index) => legendRow(swatch(classes.colours[index] ?? ""), label));
  for (const label of hatched) rows.push(legendRow(hatch(), label));
  return legendBox(title, rows, note);
}

export function legendBox(title: string, rows: HTMLElement[], note = ""): HTMLElement {
  const box = document.createElement("section");
  box.className = "map-legend";
  const heading = document.createElement("p");
  heading.className = "map-legend-title";
  heading.textContent = title;
  const list = document.createElement("ul");
  list.append(...rows);
  box.append(heading, list);
  if (note) {
    const text = document.createElement("p");
    text.className = "map-legend-note";
    text.textContent = note;
    box.append(text);
  }
  return box;
}

export function legendRow(mark: SVGElement, label: string): HTMLElement {
  const item = document.createElement("li");
  item.append(mark, label);
  return item;
}

export function swatch(colour: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 18 14");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ x: "0.5", y: "0.5", width: "17", height: "13", rx: "2", fill: colour, stroke: "#00000033" })) {
    rect.setAttribute(name, value);
  }
  svg.append(rect);
  return svg;
}

export function hatch(): SVGSVGElement {
  const svg = swatch("none");
  const lines = document.createElementNS(SVG, "path");
  lines.setAttribute("d", "M0 9L9 0M3 14L17 0M10 14L18 6");
  lines.setAttribute("stroke", "#8a96a3");
  lines.setAttribute("fill", "none");
  svg.append(lines);
  return svg;
}
