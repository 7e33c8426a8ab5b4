/**
 * Reports that could not be handed in: sent as soon as the server can be reached, on whichever page is open that looks after it, and shown at
 * the top of it until then. What was sent is shown with its follow code until it has been seen, in this window only.
 *
 * Elements: #flash; form[data-draft] with its field `submission`. Drafts say on `document` that they changed: event "drafts".
 */
import { type Draft, discard, drafts, type Outcome, send, sendWaiting, title } from "./drafts";
import { icon } from "./icon";

const EVERY = 30_000; // milliseconds between attempts
const RECEIPTS = "receipts";
const FORGET = "清除这台设备上写的内容？清除后不能恢复。";

/** Looks after what waits, as long as this page is open. */
export function tend(): void {
  const attempt = async () => {
    if (drafts().some((draft) => draft.state === "waiting")) settle(await sendWaiting());
  };
  window.addEventListener("online", () => void attempt());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void attempt();
  });
  document.addEventListener("drafts", show);
  window.addEventListener("storage", () => document.dispatchEvent(new Event("drafts"))); // another window has changed them
  setInterval(() => void attempt(), EVERY);
  show();
  void attempt();
}

/** Hands one draft in now; what became of it is settled as for all that waits. */
export async function handIn(draft: Draft): Promise<Outcome> {
  const outcome = await send(draft);
  settle([[draft, outcome]]);
  return outcome;
}

/** The page that a draft is written on leads on to what became of it; any other page says so. */
function settle(outcomes: [Draft, Outcome][]): void {
  for (const [draft, outcome] of outcomes) {
    if (!("done" in outcome)) continue;
    if (draft.id === onThisPage()) return location.replace(outcome.done);
    remember([...receipts(), { title: title(draft), path: outcome.done, what: draft.what }]);
  }
  document.dispatchEvent(new Event("drafts"));
}

function onThisPage(): string {
  return document.querySelector<HTMLInputElement>("form[data-draft] [name=submission]")?.value ?? "";
}

function show(): void {
  const flash = document.querySelector("#flash");
  if (!flash) return;
  for (const old of flash.querySelectorAll("[data-waiting]")) old.remove();
  const here = onThisPage();
  const begun = here !== "" || location.pathname === "/";
  const open = drafts().filter((draft) => draft.id !== here && (begun || draft.owner !== undefined || draft.state !== "typing"));
  const seen = receipts().filter((receipt) => receipt.path !== location.pathname);
  if (seen.length < receipts().length) remember(seen);
  flash.append(...seen.map(receiptNotice), ...open.map(draftNotice));
}

function draftNotice(draft: Draft): HTMLElement {
  const words = {
    typing: `您写的“${title(draft)}”还没有提交。`,
    waiting: `“${title(draft)}”等网络恢复后自动提交。`,
    refused: `“${title(draft)}”没有提交成功，请打开补充。`,
  }[draft.state];
  return notice(draft.state === "typing" ? "info" : "due", words, [
    link(draft.page, draft.state === "waiting" ? "打开" : "接着写"),
    button("清除", () => {
      if (window.confirm(FORGET)) discard(draft.id);
    }),
  ]);
}

interface Receipt {
  title: string;
  path: string;
  what?: string;
}

function receiptNotice(receipt: Receipt): HTMLElement {
  if (receipt.what) return notice("good", `先前写的${receipt.what}“${receipt.title}”已经提交。`, [link(receipt.path, "打开")]);
  return notice("good", `先前写的“${receipt.title}”已经提交。请打开记下查询码。`, [link(receipt.path, "看查询码")]);
}

function receipts(): Receipt[] {
  return JSON.parse(sessionStorage.getItem(RECEIPTS) ?? "[]") as Receipt[];
}

function remember(list: Receipt[]): void {
  if (list.length > 0) sessionStorage.setItem(RECEIPTS, JSON.stringify(list));
  else sessionStorage.removeItem(RECEIPTS);
}

/** A message with what can be done about it. */
export function notice(tone: "good" | "due" | "info", words: string, actions: HTMLElement[]): HTMLElement {
  const box = document.createElement("div");
  box.className = `notice notice-${tone} notice-actions`;
  box.dataset.waiting = "";
  const text = document.createElement("span");
  text.textContent = words;
  box.append(icon({ good: "circle-check", due: "cloud-off", info: "pencil" }[tone]), text, ...actions);
  return box;
}

function link(to: string, words: string): HTMLElement {
  const made = document.createElement("a");
  made.className = "btn";
  made.href = to;
  made.textContent = words;
  return made;
}

/** A button; when it has done its work, all that shows drafts is shown anew. */
export function button(words: string, act: () => unknown): HTMLElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn";
  made.textContent = words;
  made.addEventListener("click", async () => {
    await act();
    document.dispatchEvent(new Event("drafts"));
  });
  return made;
}
