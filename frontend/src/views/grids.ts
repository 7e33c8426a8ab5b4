/**
 * The deputy grid on a map: the roster's, one grid's, a deputy's own.
 *
 * Elements: #grids-map; list items [data-id], the codes of grids. JSON "grids-data": {fit: bounds or null, grid?: the code of the grid
 * that the page is about, own?: a deputy's own grids as a FeatureCollection {id, name}}.
 */
import type { FeatureCollection } from "geojson";
import { pageData } from "../data";
import { type Bounds, boundsOf } from "../geo";
import { GRID_LAYERS, lightGrid, lightOwn, showGrids, showOwn } from "../layers/grids";
import { linkList, text } from "../linked";
import { type Hit, openMap } from "../map";

interface GridsData {
  fit?: Bounds | null;
  grid?: string;
  own?: FeatureCollection;
}

function words(hit: Hit): string[] {
  const { name, confirmed, waiting, grids } = hit.properties;
  const lines = [String(name ?? "")];
  if (confirmed === undefined) return lines; // a deputy's own
  const fewest = grids === undefined ? "" : `${String(grids)} 个网格，每个至少 `;
  lines.push(Number(confirmed) > 0 ? `${fewest}${String(confirmed)} 位代表` : grids === undefined ? "还没有代表" : "有网格还没有代表");
  if (Number(waiting) > 0) lines.push(`${String(waiting)} 条推荐待确认`);
  return lines;
}

async function start(element: HTMLElement, data: GridsData): Promise<void> {
  const { own, grid = null } = data;
  const map = await openMap(element, { fit: data.fit ?? boundsOf(own) });
  if (!map) return;
  if (own) showOwn(map, own);
  else showGrids(map, grid);
  linkList(map, {
    list: document,
    layers: GRID_LAYERS,
    light: (id) => (own ? lightOwn(map, id) : lightGrid(map, id ?? grid)),
    tip: words,
    choose: (id, hit) => {
      if (!hit || own || id === grid) return;
      map.showCard(hit.at, words(hit), { url: `/grids/${encodeURIComponent(id)}/`, label: "看这个网格" });
    },
    idOf: (hit) => text(hit.properties.id),
  });
}

/** A folded map is drawn when it is opened. */
const element = document.querySelector<HTMLElement>("#grids-map");
if (element) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    void start(element, pageData<GridsData>("grids-data") ?? {});
  }, { rootMargin: "200px" });
  watch.observe(element);
}
