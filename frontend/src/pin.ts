/**
 * The pin of a form: #id_lat, #id_lon, #id_accuracy, #id_datum and a map; #report-locate marks where one stands, #report-place says so;
 * #place-words, asked anew after every change, says what lies there.
 */
import htmx from "htmx.org";
import { distanceWords, metresBetween, pointFeature } from "./geo";
import type { LonLat, PlaceMap } from "./map";
import { coordinate, currentPosition } from "./place-words";

/** The page's own script loads the map: what it imports by itself is kept for pages without a network, what its parts import is not. */
export type LoadMap = () => Promise<[typeof import("./map"), typeof import("./layers/areas")]>;

function input(id: string): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>(`#${id}`);
}

export function startPlace(): LonLat | null {
  const [lon, lat] = [input("id_lon")?.value, input("id_lat")?.value];
  if (!lon || !lat || !Number.isFinite(Number(lon)) || !Number.isFinite(Number(lat))) return null;
  return [Number(lon), Number(lat)];
}

function say(words: string): void {
  const status = document.querySelector("#report-place");
  if (status) status.textContent = words;
}

/** The pin: in the form at once, on the map when there is one. Returns what marks where one stands; `draw`: the map only when it is called. */
export function connectPlace(element: HTMLElement, load: LoadMap, later = false): { locate: () => Promise<void>; draw: () => void } {
  const start = startPlace();
  let move: ((to: LonLat) => void) | null = null;
  let shown: PlaceMap | null = null;
  const set = (at: LonLat, words: string, accuracy = "") => {
    measured(accuracy);
    write("id_lon", at[0]);
    write("id_lat", at[1]);
    if (move) move(at);
    else move = shown?.addPin(at, moved) ?? null;
    say(words);
  };
  const moved = (to: LonLat) => set(to, movedWords(start, to));
  const locate = async () => {
    say("正在定位…");
    try {
      const at = await currentPosition();
      set([at.lon, at.lat], `已标在您现在的位置，误差约 ${distanceWords(at.accuracy)}。不准的话请拖动。`, String(Math.round(at.accuracy)));
      shown?.fit(pointFeature(at.lon, at.lat));
    } catch (error) {
      say((error as Error).message);
    }
  };
  document.querySelector<HTMLElement>("#report-locate")?.addEventListener("click", () => void locate());
  // What was asked about an earlier choice must not be answered over a newer one, which is asked about a moment later.
  const words = document.querySelector<HTMLElement>("#place-words");
  words?.addEventListener("change", () => htmx.trigger(words, "htmx:abort"));
  let drawn = false;
  const draw = () => {
    if (drawn) return;
    drawn = true;
    void drawMap(element, load, startPlace()).then((map) => {
      shown = map;
      const at = startPlace();
      if (at) move = map?.addPin(at, moved) ?? null;
      map?.onTap(moved);
    });
  };
  if (!later) draw();
  return { locate, draw };
}

/** The map is not part of what works without a network: it comes when it can. */
async function drawMap(element: HTMLElement, load: LoadMap, start: LonLat | null): Promise<PlaceMap | null> {
  try {
    if (!navigator.onLine) throw new Error("no network");
    const [{ openMap }, { showSettlements }] = await load();
    const map = await openMap(element, { fit: start ? pointFeature(...start) : null });
    if (map) showSettlements(map);
    return map;
  } catch {
    const note = document.createElement("p");
    note.className = "map-missing";
    note.textContent = `现在没有网络，地图显示不出来。${input("id_code")?.value ? "位置按您扫的门牌码确定。" : "可以点“用我的位置”，或在下面写明地点。"}`;
    element.replaceChildren(note);
    element.dataset.state = "missing";
    return null;
  }
}

function movedWords(start: LonLat | null, at: LonLat): string {
  return start ? `位置已改到离原处 ${distanceWords(metresBetween(start, at))} 的地方。` : "位置已标好，可以再拖动。";
}

/** How good the position is: empty for a pin set by hand. What the first position was freed of no longer holds for another. */
function measured(accuracy: string): void {
  const [field, datum] = [input("id_accuracy"), input("id_datum")];
  if (field) field.value = accuracy;
  if (datum) datum.value = "";
}

function write(id: string, value: number): void {
  const field = input(id);
  if (!field) return;
  field.value = coordinate(value);
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
