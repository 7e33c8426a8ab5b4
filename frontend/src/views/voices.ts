/**
 * 民情公开: the places of the list on the map, coloured by what is published; where a number is not shown the place is hatched.
 *
 * Elements: #voices-map; rows [data-id]. JSON "voices-data": see VoicesData.
 */
import { HEAT, naturalClasses } from "../classes";
import { pageData } from "../data";
import type { Bounds } from "../geo";
import { HEAT_LAYERS, heatLegend, lightRegion, showRegions } from "../layers/heat";
import { linkList, text } from "../linked";
import { openMap } from "../map";

interface VoicesData {
  level: string;
  title: string;
  digits: number;
  fit: Bounds | null;
  within: string;
  regions: { code: string; name: string; value: number | null; suppressed: boolean; words: string[] }[];
}

async function start(element: HTMLElement, { level, title, digits, fit, within, regions }: VoicesData): Promise<void> {
  const map = await openMap(element, { fit });
  if (!map) return;
  const known = regions.map((region) => region.value).filter((value) => value !== null);
  const classes = naturalClasses(known, HEAT, digits);
  showRegions(map, level, regions, classes, within);
  const hatched = [...(regions.some((region) => region.suppressed) ? ["不单列（少于 5 件或有关）"] : []), "没有数据"];
  map.setLegend(heatLegend(title, classes, hatched, classes.colours.length === 1 && known.length > 1 ? "各地相差不大，不分深浅" : ""));
  linkList(map, {
    list: document,
    layers: HEAT_LAYERS,
    idOf: (hit) => text(hit.properties.code),
    light: (id) => lightRegion(map, id),
    tip: (hit) => {
      const region = regions.find((each) => each.code === hit.properties.code);
      return [String(hit.properties.name ?? region?.name ?? ""), ...(region?.words ?? ["没有数据"])];
    },
  });
}

/** A folded map is drawn when it is opened. */
const element = document.querySelector<HTMLElement>("#voices-map");
const data = pageData<VoicesData>("voices-data");
if (element && data) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    void start(element, data);
  }, { rootMargin: "200px" });
  watch.observe(element);
}
