/**
 * Recording a visit on a phone: signing in, the sheet of the topic, findings one after another; written and sent without a network too.
 *
 * Elements: #visit-form (form[data-draft], see draft-form.ts; data-blank: kept by the phone, knows nothing of its topic; data-site:
 * "lon,lat"); #id_topic; [data-sheet], one of them [data-general]; [data-finding] and #add-finding. JSON "visit-known": topics.
 */
import { pageData } from "../data";
import { connectDraft } from "../draft-form";
import { writer } from "../drafts";
import { type Known, type KnownTopic, known } from "../known";
import { connectPhotos, type PhotoField } from "../photos";
import { connectSignIn, showSignIn } from "../sign-in";
import { tend } from "../waiting";

let topics: KnownTopic[] = [];

function start(): void {
  const form = document.querySelector<HTMLFormElement>("#visit-form");
  if (!form) return;
  topics = pageData<KnownTopic[]>("visit-known") ?? topics;
  if (form.dataset.blank !== undefined) fillBlank(form, known());
  const photos = new Map<string, PhotoField>();
  for (const field of connectPhotos(form)) photos.set(field.name, field);
  const choose = topicField(form);
  const show = () => {
    showSheet(form, chosen(form));
    showSignIn(site(form));
    showFindings(form, photos);
  };
  connectSignIn(() => site(form), () => undefined, () => document.querySelector<HTMLElement>("#id_reason")?.focus());
  connectDraft(form, swap, photos, show);
  choose?.addEventListener("change", show);
  document.querySelector("#add-finding")?.addEventListener("click", () => addFinding(form));
  show();
}

function topicField(form: HTMLFormElement): HTMLSelectElement | null {
  return form.querySelector<HTMLSelectElement>("select[name=topic]");
}

function chosen(form: HTMLFormElement): KnownTopic | undefined {
  const visit = Number(/\/visits\/(\d+)\/record$/.exec(form.getAttribute("action") ?? "")?.[1]);
  const planned = form.dataset.blank !== undefined ? known().visits.find((each) => each.id === visit)?.topic : undefined;
  const id = planned ?? Number(topicField(form)?.value);
  return topics.find((each) => each.id === id);
}

function site(form: HTMLFormElement): [number, number] | null {
  const topic = chosen(form);
  if (topic) return topic.site;
  const [lon, lat] = (form.dataset.site ?? "").split(",").map(Number);
  return lon && lat ? [lon, lat] : null;
}

/** A page that the phone kept: what its address asks for comes from what the phone knows. */
function fillBlank(form: HTMLFormElement, mine: Known): void {
  tend();
  topics = mine.topics;
  form.action = location.pathname;
  const write = (name: string, value: string) => {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement && !field.value) field.value = value;
  };
  const now = new Date();
  write("visited_on", [now.getFullYear(), String(now.getMonth() + 1).padStart(2, "0"), String(now.getDate()).padStart(2, "0")].join("-"));
  write("writer", writer());
  const visit = mine.visits.find((each) => location.pathname.endsWith(`/${each.id}/record`));
  const choice = topicField(form);
  const heading = document.querySelector("#visit-topic");
  if (/\/record$/.test(location.pathname)) {
    document.querySelector("#topic-choice")?.remove();
    if (heading) heading.textContent = topics.find((each) => each.id === visit?.topic)?.title ?? "";
  } else if (choice) {
    for (const topic of topics) choice.add(new Option(topic.title, String(topic.id)));
    const asked = new URLSearchParams(location.search);
    const topic = topics.find((each) => String(each.id) === asked.get("topic") || each.code === asked.get("project"));
    if (topic) choice.value = String(topic.id);
    else if (asked.get("topic")) {
      choice.add(new Option("打开这一页时选的项目", asked.get("topic") ?? ""));
      choice.value = asked.get("topic") ?? "";
    }
  }
  if (!writer()) {
    const note = document.createElement("p");
    note.className = "notice notice-late";
    note.textContent = "这台设备上没有人登录过，写的内容存不住。请有网络时先登录一次。";
    form.prepend(note);
  }
}

/** The topic's own sheet; what was ticked on another one no longer counts. A page with a fixed topic has its sheet from the server. */
function showSheet(form: HTMLFormElement, topic: KnownTopic | undefined): void {
  if (!topic) return;
  const sheets = [...form.querySelectorAll<HTMLElement>("[data-sheet]")];
  const own = sheets.find((each) => Number(each.dataset.sheet) === topic.sheet) ?? sheets.find((each) => each.dataset.general !== undefined);
  for (const sheet of sheets) {
    sheet.hidden = sheet !== own;
    if (sheet.hidden) for (const none of sheet.querySelectorAll<HTMLInputElement>("input[type=radio][value='']")) none.checked = true;
  }
}

/** Findings that are empty are folded away, but for the one that is being written. */
function showFindings(form: HTMLFormElement, photos: Map<string, PhotoField>): void {
  for (const block of form.querySelectorAll<HTMLElement>("[data-finding]")) {
    const written = block.querySelector("textarea")?.value.trim() || photos.get(`finding-${block.dataset.finding}-photos`)?.files().length;
    if (!block.contains(document.activeElement)) block.hidden = !written;
  }
  offerFinding(form);
}

function addFinding(form: HTMLFormElement): void {
  const next = form.querySelector<HTMLElement>("[data-finding][hidden]");
  if (next) next.hidden = false;
  next?.querySelector("textarea")?.focus();
  offerFinding(form);
}

function offerFinding(form: HTMLFormElement): void {
  const button = form.querySelector<HTMLElement>("#add-finding");
  if (button) button.hidden = !form.querySelector("[data-finding][hidden]");
}

/** The server's answer to a form that it did not take, in the place of the page. */
function swap(main: Element): void {
  document.querySelector("main")?.replaceWith(main);
  start();
  main.querySelector<HTMLElement>("[data-focus]")?.focus();
}

start();
