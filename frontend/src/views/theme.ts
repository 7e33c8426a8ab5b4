/**
 * One theme: the cells its voices come from, and how many there were each week.
 *
 * Elements: #theme-map; #theme-weeks (class chart). JSON "theme-data": {cells: [west, south, east, north, voices][], weeks: [label, voices][]}.
 */
import { HEAT, quantileClasses } from "../classes";
import { pageData } from "../data";
import { cellFeatures } from "../geo";
import { showSettlements } from "../layers/areas";
import { heatLegend, showCells } from "../layers/heat";
import { openMap } from "../map";

interface ThemeData {
  cells: number[][];
  weeks: [string, number][];
}

async function showMap(element: HTMLElement, cells: number[][]): Promise<void> {
  const map = await openMap(element, cells.length > 0 ? { fit: cellFeatures(cells) } : {});
  if (!map) return;
  showSettlements(map);
  if (cells.length === 0) return;
  const classes = quantileClasses(cells.map((cell) => cell[4] ?? 0), HEAT);
  showCells(map, cells, classes);
  element.parentElement?.append(heatLegend("每 100 米方格的诉求", classes));
}

const data = pageData<ThemeData>("theme-data") ?? { cells: [], weeks: [] };
const map = document.querySelector<HTMLElement>("#theme-map");
const chart = document.querySelector<HTMLElement>("#theme-weeks");
if (map) void showMap(map, data.cells);
if (chart) void import("../charts").then(({ weekBars }) => weekBars(chart, data.weeks));
