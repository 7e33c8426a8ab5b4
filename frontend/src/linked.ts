/** Ties a map to its list: pointing at, focusing or choosing one of them lights the other. Items carry data-id. */
import type { Hit, PlaceMap } from "./map";

export interface Link {
  /** Where the items are; they may come and go. */
  list: ParentNode & EventTarget;
  layers: string[];
  /** Shows on the map what is lit; null: nothing. */
  light: (id: string | null) => void;
  /** Lines beside the pointer for something on the map; none: no tip. */
  tip?: (hit: Hit) => string[];
  /** Something was chosen, on the map or in the list. `hit` only when on the map. */
  choose?: (id: string, hit: Hit | null) => void;
  /** The id of something on the map; its property "id" when left out. */
  idOf?: (hit: Hit) => string | null;
}

export function linkList(map: PlaceMap, link: Link): { select: (id: string | null) => void } {
  const idOf = link.idOf ?? ((hit: Hit) => text(hit.properties.id));
  let selected: string | null = null;
  let shown: string | null | undefined;
  const show = (id: string | null) => {
    if (id === shown) return;
    shown = id;
    link.light(id);
    for (const item of link.list.querySelectorAll<HTMLElement>("[data-id]")) item.classList.toggle("is-lit", item.dataset.id === id);
  };
  const idAt = (target: EventTarget | null) => (target instanceof Element ? (target.closest<HTMLElement>("[data-id]")?.dataset.id ?? null) : null);

  link.list.addEventListener("mouseover", (event) => show(idAt(event.target) ?? selected));
  link.list.addEventListener("mouseout", (event) => {
    if (idAt((event as MouseEvent).relatedTarget) === null) show(selected);
  });
  link.list.addEventListener("focusin", (event) => {
    const id = idAt(event.target);
    if (id !== null) show(id);
  });
  map.onFeature(link.layers, {
    hover: (hit) => {
      const id = hit && idOf(hit);
      map.showTip(hit && link.tip ? hit.at : null, hit && link.tip ? link.tip(hit) : []);
      show(id ?? selected);
    },
    click: (hit) => {
      const id = idOf(hit);
      if (id === null) return;
      selected = id;
      show(id);
      reveal(link.list, id);
      link.choose?.(id, hit);
    },
  });
  return {
    select: (id) => {
      selected = id;
      shown = undefined;
      show(id);
    },
  };
}

/** Brings the item into sight without jumping when it is already there. */
function reveal(list: ParentNode, id: string): void {
  const item = list.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
  item?.scrollIntoView({ block: "nearest" });
}

export function text(value: unknown): string | null {
  return value === undefined || value === null || value === "" ? null : String(value);
}
