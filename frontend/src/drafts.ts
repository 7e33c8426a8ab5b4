/**
 * The one offline queue: reports and visits that are being written or wait for the network, kept on this device until they are sent.
 *
 * What somebody writes who is signed in is his: nobody else on the same device sees it or sends it.
 *
 * A draft carries the submission number of its form: however often it goes out, the server takes it in once. Nothing of it is
 * left here once the server has it. Where the browser keeps nothing, forms are sent as ever.
 */
import { ApiError, postForm } from "./api";
import { discardFiles, filesOf } from "./draft-files";

export interface Draft {
  /** The form's submission number. */
  id: string;
  /** Path and query of the page it is written on: the place, the door's code, the deputy it is for. */
  page: string;
  /** Path that the form is sent to. */
  action: string;
  fields: Record<string, string>;
  /** waiting: handed in, not yet with the server. refused: the server asks for something first. */
  state: "typing" | "waiting" | "refused";
  /** Milliseconds since 1970. */
  changed: number;
  /** The number of the user who writes it; absent: a resident's. */
  owner?: string;
  /** How many photos it has, see draft-files.ts. */
  files?: number;
  /** How the path begins that it leads to once it is taken in; absent: `action`/sent/. */
  done?: string;
  /** What it is, in a word; absent: 反映. */
  what?: string;
}

/** What became of an attempt. done: path of the page that says so. refused: the server wants something else, and shows it in `html`. */
export type Outcome = { done: string } | { refused: number; html: string } | { unreachable: string };

const PREFIX = "draft:";
const DAY = 24 * 3600 * 1000; // milliseconds
const KEPT = { typing: 7 * DAY, refused: 30 * DAY, waiting: 30 * DAY };
const TOKEN = "csrfmiddlewaretoken";
const TYPED = /^(?:text|place|address|name|phone|reason|at|(?:rating|finding)-\d+(?:-text)?)$/;
const SIGNED_IN = "signed-in";
const LOGIN = "/accounts/login/";
const WITH_FILES = 180_000; // milliseconds that sending photos may take

/** Who is signed in: as the page says, or on a page that a telephone kept, whoever was last on this device; empty: nobody. */
export function writer(store = deviceStore()): string {
  const said = document.body?.dataset.user ?? "";
  if (said) return said;
  return document.querySelector("form[data-blank]") ? (store?.getItem(SIGNED_IN) ?? "") : "";
}

/** Remembers who is signed in for pages that are opened without a network; an empty name forgets him. */
export function rememberWriter(user: string, store = deviceStore()): void {
  try {
    if (user) store?.setItem(SIGNED_IN, user);
    else store?.removeItem(SIGNED_IN);
  } catch {
    // no room: pages work with a network
  }
}

/** One's own drafts on this device, newest first. What was begun and left for a week is removed, what was handed in after thirty days. */
export function drafts(store = deviceStore(), now = Date.now()): Draft[] {
  const found: Draft[] = [];
  const me = writer(store);
  for (const key of keysOf(store)) {
    const draft = read(store?.getItem(key));
    if (!draft || now - draft.changed >= KEPT[draft.state]) discard(key.slice(PREFIX.length), store);
    else if ((draft.owner ?? "") === me) found.push(draft);
  }
  return found.sort((a, b) => b.changed - a.changed);
}

/** False when the device keeps nothing: private windows, no space left. */
export function keep(draft: Draft, store = deviceStore()): boolean {
  try {
    store?.setItem(PREFIX + draft.id, JSON.stringify(draft));
    return store !== null;
  } catch {
    return false;
  }
}

export function discard(id: string, store = deviceStore()): void {
  store?.removeItem(PREFIX + id);
  void discardFiles(id).catch(() => undefined); // what cannot be opened has nothing in it
}

/** A form's values by name, without its token and its files. */
export function fieldsOf(form: FormData): Record<string, string> {
  return Object.fromEntries([...form].filter((entry): entry is [string, string] => entry[0] !== TOKEN && typeof entry[1] === "string"));
}

/** Whether anything was written that would be a pity to lose. */
export function isWritten(fields: Record<string, string>): boolean {
  return Object.entries(fields).some(([name, value]) => TYPED.test(name) && value.trim() !== "");
}

/** The first words of a draft, which tell it from another. */
export function title(draft: Draft): string {
  const words = (draft.fields.text ?? "").trim().replace(/\s+/g, " ");
  return words.length > 16 ? `${words.slice(0, 16)}…` : words || `没有写完的${draft.what ?? "反映"}`;
}

/** Hands one draft in, and forgets it when the server has it. Never throws. */
export async function send(draft: Draft, store = deviceStore()): Promise<Outcome> {
  try {
    const files = draft.files ? await filesOf(draft.id) : [];
    if (files.length < (draft.files ?? 0)) return { unreachable: "有照片在这台设备上找不到了，请打开后重新选照片再提交。" };
    const answer = await (files.length ? postForm(draft.action, draft.fields, WITH_FILES, files) : postForm(draft.action, draft.fields));
    if (answer.led !== draft.action && answer.led.startsWith(draft.done ?? `${draft.action}/sent/`)) {
      discard(draft.id, store);
      return { done: answer.led };
    }
    if (answer.led === LOGIN) return { unreachable: "登录已过期，请重新登录。" };
    if (answer.status === 429) return { unreachable: "提交得太频繁，请稍等几分钟。" };
    if (answer.status >= 500) return { unreachable: "服务器暂时没有应答。" };
    return { refused: answer.status, html: answer.html };
  } catch (error) {
    if (error instanceof ApiError) return { unreachable: error.message };
    throw error;
  }
}

/** Hands in all that waits, oldest first, in one window at a time; what became of each. The first that gets no answer ends it. */
export async function sendWaiting(store = deviceStore()): Promise<[Draft, Outcome][]> {
  const work = async () => {
    const outcomes: [Draft, Outcome][] = [];
    for (const draft of drafts(store).filter((each) => each.state === "waiting").reverse()) {
      const outcome = await send(draft, store);
      if ("refused" in outcome) keep({ ...draft, state: "refused" }, store);
      outcomes.push([draft, outcome]);
      if ("unreachable" in outcome) break;
    }
    return outcomes;
  };
  if (!navigator.locks) return work();
  return navigator.locks.request("drafts", { ifAvailable: true }, (lock) => (lock ? work() : []));
}

/** The device's own store; null where it is closed to us. */
function deviceStore(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function keysOf(store: Storage | null): string[] {
  if (!store) return [];
  return Array.from({ length: store.length }, (_, index) => store.key(index) ?? "").filter((key) => key.startsWith(PREFIX));
}

function read(text: string | null | undefined): Draft | null {
  try {
    const draft = JSON.parse(text ?? "null") as Draft | null;
    return draft && isOurs(draft.page) && isOurs(draft.action) && draft.state in KEPT && typeof draft.fields === "object" ? draft : null;
  } catch {
    return null;
  }
}

/** A path on this site, and nothing that a browser takes for another one. */
function isOurs(path: unknown): boolean {
  return typeof path === "string" && /^\/(?![/\\])/.test(path);
}
