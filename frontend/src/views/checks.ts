/**
 * What is wrong with the districts: the list and the map in step.
 *
 * Elements: #check-map, #faults [data-id]. JSON "check-data": {faults: FeatureCollection {id, name, at: [lon, lat]}, districts: FeatureCollection {name}}.
 */
import type { FeatureCollection } from "geojson";
import { pageData } from "../data";
import { boundsOf } from "../geo";
import { showSettlements } from "../layers/areas";
import { showDistricts } from "../layers/districts";
import { FAULT_LAYERS, lightFault, showFaults } from "../layers/faults";
import { linkList } from "../linked";
import { openMap } from "../map";

interface CheckData {
  faults: FeatureCollection;
  districts: FeatureCollection | null;
}

async function start(element: HTMLElement, list: HTMLElement, data: CheckData): Promise<void> {
  const map = await openMap(element);
  if (!map) return;
  showSettlements(map);
  showDistricts(map, data.districts);
  showFaults(map, data.faults);
  const link = linkList(map, {
    list,
    layers: FAULT_LAYERS,
    light: (id) => lightFault(map, id),
    tip: (hit) => [String(hit.properties.name ?? "")],
  });
  const go = (event: Event) => {
    const id = (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset.id ?? null;
    const box = boundsOf(data.faults.features.find((feature) => feature.properties?.id === id));
    if (!box) return;
    link.select(id);
    map.fit(box, { maxZoom: 16 });
  };
  list.addEventListener("click", go);
  list.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go(event);
  });
}

const element = document.querySelector<HTMLElement>("#check-map");
const list = document.querySelector<HTMLElement>("#faults");
const data = pageData<CheckData>("check-data");
if (element && list && data) void start(element, list, data);
