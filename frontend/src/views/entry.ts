/**
 * 代录入 in three taps: what was told, where one stands, send; kept on the device and sent once, without a network too.
 *
 * Elements: #entry-form (form[data-draft], see draft-form.ts; data-blank: kept by the phone; data-here: marks where one stands by itself
 * where that has been allowed before); the pin (pin.ts) with its map in details#map-fold; [data-photos], [data-voice], #id_text, #text-count.
 */
import htmx from "htmx.org";
import { connectDraft } from "../draft-form";
import { writer } from "../drafts";
import { connectPhotos, type PhotoField } from "../photos";
import { connectPlace, startPlace } from "../pin";
import { connectVoice } from "../voice";
import { tend } from "../waiting";

function start(): void {
  const form = document.querySelector<HTMLFormElement>("#entry-form");
  if (!form) return;
  if (form.dataset.blank !== undefined) fillBlank(form);
  const photos = new Map<string, PhotoField>();
  for (const field of connectPhotos(form)) photos.set(field.name, field);
  connectDraft(form, swap, photos);
  connectVoice(form);
  const element = form.querySelector<HTMLElement>("#report-map");
  const fold = form.querySelector<HTMLDetailsElement>("#map-fold");
  if (!element) return;
  const pin = connectPlace(element, () => Promise.all([import("../map"), import("../layers/areas")]), !fold?.open);
  fold?.addEventListener("toggle", () => pin.draw());
  if (form.dataset.here !== undefined && !startPlace()) void whereAllowed(pin.locate);
}

/** Nobody is asked for his position by a page that opens; whoever has allowed it once need not tap. */
async function whereAllowed(locate: () => Promise<void>): Promise<void> {
  try {
    const permission = await navigator.permissions.query({ name: "geolocation" });
    if (permission.state === "granted" && !startPlace()) await locate();
  } catch {
    // a browser without permissions: there is the button
  }
}

/** A page that the phone kept knows nobody. */
function fillBlank(form: HTMLFormElement): void {
  tend();
  const field = form.elements.namedItem("writer");
  if (field instanceof HTMLInputElement && !field.value) field.value = writer();
  if (writer()) return;
  const note = document.createElement("p");
  note.className = "notice notice-late";
  note.textContent = "这台设备上没有人登录过，写的内容存不住。请有网络时先登录一次。";
  form.prepend(note);
}

/** The server's answer to a form that it did not take, in the place of the page. */
function swap(main: Element): void {
  document.querySelector("main")?.replaceWith(main);
  htmx.process(main);
  start();
  main.querySelector<HTMLElement>("[data-focus]")?.focus();
}

start();
