/**
 * Reporting a problem: a pin to adjust, photos seen before they are sent, nothing typed is lost.
 *
 * Elements: #report-map; inputs #id_lat, #id_lon (start values; empty: none yet), #id_accuracy, #id_datum; #report-place (status);
 * #report-locate; [data-photos] (photos.ts); [data-voice] (voice.ts); [data-considered] (considered.ts); #id_text with #text-count;
 * form[data-draft] (residents: see draft-form.ts) or form[data-keep].
 */
import htmx from "htmx.org";
import { connectConsidered } from "../considered";
import { connectDraft } from "../draft-form";
import { distanceWords, metresBetween, pointFeature } from "../geo";
import type { LonLat, PlaceMap } from "../map";
import { connectPhotos, type PhotoField } from "../photos";
import { coordinate, currentPosition } from "../place-words";
import { connectVoice } from "../voice";

function input(id: string): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>(`#${id}`);
}

function startPlace(): LonLat | null {
  const [lon, lat] = [input("id_lon")?.value, input("id_lat")?.value];
  if (!lon || !lat || !Number.isFinite(Number(lon)) || !Number.isFinite(Number(lat))) return null;
  return [Number(lon), Number(lat)];
}

function say(words: string): void {
  const status = document.querySelector("#report-place");
  if (status) status.textContent = words;
}

/** The pin: in the form at once, on the map when there is one. */
function connectPlace(element: HTMLElement): void {
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
  document.querySelector<HTMLElement>("#report-locate")?.addEventListener("click", async () => {
    say("正在定位…");
    try {
      const at = await currentPosition();
      set([at.lon, at.lat], `已标在您现在的位置，误差约 ${distanceWords(at.accuracy)}。不准的话请拖动。`, String(Math.round(at.accuracy)));
      shown?.fit(pointFeature(at.lon, at.lat));
    } catch (error) {
      say((error as Error).message);
    }
  });
  void drawMap(element, start).then((map) => {
    shown = map;
    const at = startPlace();
    if (at) move = map?.addPin(at, moved) ?? null;
    map?.onTap(moved);
  });
}

/** The map is not part of what works without a network: it comes when it can. */
async function drawMap(element: HTMLElement, start: LonLat | null): Promise<PlaceMap | null> {
  try {
    if (!navigator.onLine) throw new Error("no network");
    const [{ openMap }, { showSettlements }] = await Promise.all([import("../map"), import("../layers/areas")]);
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

function connectCount(field: HTMLTextAreaElement, counter: HTMLElement): void {
  const show = () => {
    const left = field.maxLength > 0 ? field.maxLength - field.value.length : null;
    counter.textContent = left !== null && left < 200 ? `还可以写 ${left} 个字` : "";
  };
  field.addEventListener("input", show);
  show();
}

/** Keeps what was typed while the page is reloaded or left by mistake; forgotten once the form is on its way. */
function keepTyped(form: HTMLFormElement): void {
  const key = `typed:${form.getAttribute("action") ?? location.pathname}`;
  const fields = () => [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("textarea[name], input[type=text][name], input[type=tel][name]")];
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "{}") as Record<string, string>;
  for (const field of fields()) if (field.value === "" && kept[field.name]) field.value = kept[field.name] ?? "";
  form.addEventListener("input", () => {
    sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(fields().map((field) => [field.name, field.value]))));
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
}

/** Connects the form as it stands on the page. */
function start(): void {
  const photos = new Map<string, PhotoField>();
  for (const field of connectPhotos()) photos.set(field.name, field);
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-draft]")) {
    connectConsidered(form); // before it is kept and handed in: what there is to say is said first
    connectDraft(form, swap, photos);
  }
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-keep]")) keepTyped(form);
  connectVoice();
  const element = document.querySelector<HTMLElement>("#report-map");
  const words = document.querySelector<HTMLTextAreaElement>("#id_text");
  const counter = document.querySelector<HTMLElement>("#text-count");
  if (words && counter) connectCount(words, counter);
  if (element) connectPlace(element);
}

/** The server's answer to a form that it did not take, in the place of the page. */
function swap(main: Element): void {
  document.querySelector("main")?.replaceWith(main);
  htmx.process(main);
  start();
  main.querySelector<HTMLElement>("[data-focus]")?.focus();
}

start();
