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
import { connectPhotos, type PhotoField } from "../photos";
import { connectPlace } from "../pin";
import { connectVoice } from "../voice";

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
  if (element) connectPlace(element, () => Promise.all([import("../map"), import("../layers/areas")]));
}

/** The server's answer to a form that it did not take, in the place of the page. */
function swap(main: Element): void {
  document.querySelector("main")?.replaceWith(main);
  htmx.process(main);
  start();
  main.querySelector<HTMLElement>("[data-focus]")?.focus();
}

start();
