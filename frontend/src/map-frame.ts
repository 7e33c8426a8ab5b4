/** What the map needs around MapLibre: its words, whether the browser can draw, bounds, the insides of its cards. */
import { type Bounds, boundsOf, type Shape } from "./geo";

/** Where a card leads. */
export interface CardLink {
  url: string;
  label: string;
}

export const CHINESE = {
  "Map.Title": "地图",
  "Marker.Title": "位置",
  "NavigationControl.ZoomIn": "放大",
  "NavigationControl.ZoomOut": "缩小",
  "Popup.Close": "关闭",
  "ScaleControl.Meters": "米",
  "ScaleControl.Kilometers": "公里",
  "CooperativeGesturesHandler.WindowsHelpText": "按住 Ctrl 键并滚动滚轮来缩放地图",
  "CooperativeGesturesHandler.MacHelpText": "按住 ⌘ 键并滚动来缩放地图",
  "CooperativeGesturesHandler.MobileHelpText": "用两个手指移动地图",
};

export function canDraw(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

export function showMissing(element: HTMLElement): void {
  const note = document.createElement("p");
  note.className = "map-missing";
  note.textContent = "这个浏览器不能显示地图，请看旁边的列表；换用较新的浏览器可以看到地图。";
  element.replaceChildren(note);
  element.dataset.state = "missing";
}

export function asBounds(what: Shape | Bounds | null | undefined): Bounds | null {
  if (!what) return null;
  return Array.isArray(what) ? what : boundsOf(what);
}

export function widen([west, south, east, north]: Bounds, by: number): Bounds {
  const x = Math.max((east - west) * by, 0.2);
  const y = Math.max((north - south) * by, 0.2);
  return [west - x, Math.max(south - y, -85), east + x, Math.min(north + y, 85)];
}

/** What is shown first is in reach, also when it lies far outside the county. */
export function union(a: Bounds, b: Bounds | null): Bounds {
  return b ? [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])] : a;
}

export function paragraphs(lines: string[]): HTMLElement {
  const box = document.createElement("div");
  for (const [index, line] of lines.entries()) {
    const row = document.createElement("p");
    if (index === 0) {
      const strong = document.createElement("strong");
      strong.textContent = line;
      row.append(strong);
    } else row.textContent = line;
    box.append(row);
  }
  return box;
}

/** The first link is what one most likely wants. */
export function cardLinks(links: readonly CardLink[]): HTMLElement {
  const row = document.createElement("div");
  row.className = "cluster";
  for (const [index, { url, label }] of links.entries()) {
    const anchor = document.createElement("a");
    anchor.className = index === 0 ? "btn btn-primary" : "btn";
    anchor.href = url;
    anchor.textContent = label;
    row.append(anchor);
  }
  return row;
}
