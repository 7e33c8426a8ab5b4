/**
 * A form whose contents are kept as a draft while it is written, and that is handed in even when the network is gone.
 *
 * The form: form[data-draft] with a field `submission`; before its .action-bar stands what is kept and how to clear it. Optionally
 * data-done (how the path begins that it leads to) and data-what (what it is, in a word); its photos are kept with it.
 * Without scripts, or where the device keeps nothing, it is an ordinary form.
 */
import { filesOf, keepFiles, renameFiles } from "./draft-files";
import { type Draft, discard, drafts, fieldsOf, isWritten, keep, type Outcome, writer } from "./drafts";
import type { PhotoField } from "./photos";
import { button, handIn, notice } from "./waiting";

const CLEAR = "清除这台设备上写的内容？清除后不能恢复。";
const KEPT = "写的内容暂存在这台设备上，提交后自动清除。";

const NO_ROOM = "这台设备存不下了，写的内容和照片没有存住。请不要关掉这一页，有网络时直接提交；或先清理设备空间。";

/**
 * swap: puts the server's own page in this one's place, when it wants something else before it takes the report in.
 * photos: the form's photo fields by name. restored: told when a draft has been put back, its photos too.
 */
export function connectDraft(form: HTMLFormElement, swap: (main: Element) => void, photos = new Map<string, PhotoField>(), restored = (): void => undefined): void {
  const note = document.createElement("div");
  note.className = "draft-note";
  note.setAttribute("role", "status");
  form.querySelector(".action-bar")?.before(note);
  fillFromAddress(form);
  let draft = found(form);
  if (draft) restore(form, draft);
  else if (!form.dataset.done || !new FormData(form).get("submission")) write(form, "submission", freshId());

  let full = false; // the device keeps no more
  let kept: Promise<void> = Promise.resolve(); // the photos that are being written to it
  const show = () => {
    note.replaceChildren(...(full ? [notice("due", NO_ROOM, [])] : draft ? [words(draft, resend, clear)] : []));
  };
  const chosen = () => [...photos.values()].reduce((sum, each) => sum + each.files().length, 0);
  const clear = () => {
    if (!draft || !window.confirm(CLEAR)) return;
    discard(draft.id);
    location.reload();
  };
  const take = (state: Draft["state"]): boolean => {
    const fields = fieldsOf(new FormData(form));
    const page = draft?.page ?? location.pathname + location.search;
    const { done, what } = form.dataset;
    draft = {
      id: fields.submission ?? "", page, action: new URL(form.action).pathname, fields, state, changed: Date.now(),
      ...(writer() && { owner: writer() }), ...(done && { done }), ...(what && { what }), ...(chosen() && { files: chosen() }),
    };
    return keep(draft);
  };
  const typed = () => {
    if (chosen() || isWritten(fieldsOf(new FormData(form)))) {
      const fits = take("typing");
      if (form.dataset.done) full = !fits;
      if (!fits && !full) draft = null;
    } else if (draft) {
      discard(draft.id);
      draft = null;
    }
    show();
  };
  const resend = async () => {
    if (!draft) return;
    form.setAttribute("aria-busy", "true");
    await kept;
    answered(await handIn(draft));
    form.removeAttribute("aria-busy");
  };
  const answered = (outcome: Outcome) => {
    if ("done" in outcome || !draft) return;
    if ("unreachable" in outcome) {
      note.replaceChildren(words(draft, resend, clear, outcome.unreachable));
      note.scrollIntoView({ block: "center" });
      return;
    }
    take("typing");
    const main = new DOMParser().parseFromString(outcome.html, "text/html").querySelector("main");
    const id = main?.querySelector<HTMLInputElement>("form[data-draft] [name=submission]")?.value;
    if (!main || !id) return form.submit();
    const renumbered = { ...draft, id, fields: { ...draft.fields, submission: id } }; // another one when the old one has been used
    void renameFiles(draft.id, id).catch(() => undefined).then(() => {
      if (draft && draft.id !== id) discard(draft.id);
      keep(renumbered);
      swap(main);
    });
  };
  const photosChanged = (event: Event) => {
    const name = (event.target as HTMLInputElement).name;
    const field = photos.get(name);
    if (!field || restoring) return;
    typed();
    const id = draft?.id;
    if (!id) return;
    void navigator.storage?.persist?.().catch(() => undefined);
    kept = kept.then(() => keepFiles(id, name, field.files())).catch(() => {
      full = true;
      show();
    });
  };
  let restoring = false;
  const putBack = async () => {
    const found = draft?.files ? await filesOf(draft.id) : [];
    restoring = true;
    for (const [name, field] of photos) {
      const mine = found.filter((each) => each.field === name).map((each) => each.file);
      if (mine.length) field.restore(mine);
    }
    restoring = false;
    if (found.length < (draft?.files ?? 0)) note.replaceChildren(notice("due", "有照片在这台设备上找不到了，请重新选照片。", []));
    restored();
  };
  form.addEventListener("photos", photosChanged);
  void putBack();
  form.addEventListener("input", typed);
  form.addEventListener("change", typed);
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented || (!take("waiting") && !form.dataset.done)) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") !== "true") void resend();
  });
  document.addEventListener("drafts", () => {
    draft = drafts().find((each) => each.id === draft?.id) ?? null;
    show();
  });
  show();
}

/** The draft that this form is, or the one that was written on this page. */
function found(form: HTMLFormElement): Draft | null {
  const id = new FormData(form).get("submission");
  const here = location.pathname + location.search;
  return drafts().find((draft) => draft.id === id) ?? drafts().find((draft) => draft.page === here) ?? null;
}

function words(draft: Draft, resend: () => void, clear: () => void, problem = ""): HTMLElement {
  if (draft.state === "typing") return notice("info", KEPT, [button("清除", clear)]);
  if (draft.state === "refused") return notice("due", "上次没有提交成功，请再按一次提交，看还缺什么。", [button("清除", clear)]);
  const why = `${problem || "还没有连上服务器。"}您写的已存在这台设备上，连上后自动提交，不会重复。`;
  return notice("due", why, [button("现在再试", resend), button("不提交了", clear)]);
}

/** A kept page knows nothing of the place: what its address says goes into the form. */
function fillFromAddress(form: HTMLFormElement): void {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement && field.type === "hidden" && field.value === "") field.value = value;
  }
}

/** What was written and where the pin was; what else is hidden in the form is the server's. */
function restore(form: HTMLFormElement, draft: Draft): void {
  const at = form.querySelector<HTMLInputElement>("[name=lat]");
  const known = at?.value;
  const PINNED = ["submission", "lat", "lon", "accuracy", "datum", "doorplate"];
  for (const field of form.elements) {
    const name = field.getAttribute("name") ?? "";
    const value = draft.fields[name];
    if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = value !== undefined;
    else if (field instanceof HTMLInputElement && field.type === "radio") field.checked = value === field.value;
    else if (field instanceof HTMLInputElement && field.type === "file") continue;
    else if (value !== undefined && (field.getAttribute("type") !== "hidden" || PINNED.includes(name) || field.hasAttribute("data-kept"))) write(form, name, value);
  }
  if (!at || at.value === known || !navigator.onLine) return;
  // What lies at the pin is the server's to say. The event stays at its field: nobody has written anything.
  const tell = () => at.dispatchEvent(new Event("change"));
  if (document.readyState === "complete") tell();
  else window.addEventListener("load", tell, { once: true });
}

function write(form: HTMLFormElement, name: string, value: string): void {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) field.value = value;
}

/** A random UUID; crypto.randomUUID is closed to pages without https. */
function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
