/** What every page has: styles, htmx, menus, messages, work-list keys. No map here, so that plain pages stay light. */
import "./styles/index.css";
import htmx from "htmx.org";
import { csrfToken } from "./api";
import { rememberWriter } from "./drafts";
import { connectHeld } from "./held";
import { icon } from "./icon";
import { learn } from "./known";
import { toast } from "./toast";
import { tend } from "./waiting";

const SENDING = 10_000; // milliseconds after which a form without an answer may be sent again

/** htmx sends Django's CSRF token with every request that changes something, and says in Chinese what went wrong. */
function connectHtmx(): void {
  document.addEventListener("htmx:configRequest", (event) => {
    const { verb, headers } = (event as CustomEvent).detail as { verb: string; headers: Record<string, string> };
    if (verb !== "get") headers["X-CSRFToken"] = csrfToken();
  });
  document.addEventListener("htmx:sendError", () => toast("没有连上服务器，请检查网络后再试。填写的内容还在。", "late"));
  document.addEventListener("htmx:timeout", () => toast("等得太久了，请再试一次。填写的内容还在。", "late"));
  document.addEventListener("htmx:responseError", (event) => {
    const status = ((event as CustomEvent).detail as { xhr: XMLHttpRequest }).xhr.status;
    toast(responseWords(status), "late");
  });
  htmx.process(document.body);
}

function responseWords(status: number): string {
  if (status === 403) return "没有办理这一步的权限，或页面放得太久。请刷新后再试。";
  if (status === 404) return "这一条已经不在了，请刷新列表。";
  if (status === 409) return "别人刚刚改动了这一条，请刷新后再办理。";
  if (status === 429) return "操作太频繁，请稍等一分钟再试。";
  return status >= 500 ? "系统出了点问题，请稍后再试。填写的内容还在。" : "这一步没有办成，请检查后再试。";
}

/** Menus are <details class="menu">: one open at a time, closed by Escape and by a click elsewhere. */
function connectMenus(): void {
  const open = () => document.querySelectorAll<HTMLDetailsElement>("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target as Node)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}

/** An element with data-focus (the error summary) takes the focus once it appears. */
function focusWhatMatters(root: ParentNode): void {
  root.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** data-copy="#id" copies that element's text; data-print prints; data-confirm asks before a form is sent. */
function connectActions(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy], [data-print]");
    if (!button) return;
    if (button.dataset.print !== undefined) window.print();
    const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : null;
    if (source) void copy(source.textContent?.trim() ?? "");
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const question = (event.submitter as HTMLElement | null)?.dataset.confirm ?? form.dataset.confirm;
    if (question && complete(form) && !window.confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
}

/**
 * A form that changes something is sent once, however often its button is pressed while the answer is on its way. Forms that scripts or htmx
 * send look after themselves. Where the page stays (a download), or is come back to, it may be sent again.
 */
function connectOnce(): void {
  const sent = new Map<HTMLFormElement, number>();
  window.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.method !== "post" || form.target) return;
    if (performance.now() - (sent.get(form) ?? -SENDING) < SENDING) event.preventDefault();
    else sent.set(form, performance.now());
  });
  window.addEventListener("pageshow", () => sent.clear());
}

/** Nothing that is in sight and must be filled in is empty: otherwise the answer will say so, and there is nothing to confirm yet. */
function complete(form: HTMLFormElement): boolean {
  const fields = [...form.elements] as HTMLInputElement[];
  return fields.every((field) => !field.willValidate || field.validity.valid || !field.checkVisibility());
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast("已复制", "good");
  } catch {
    toast(`这个浏览器不能自动复制，请长按选择：${text}`, "info");
  }
}

/** Where the navigation is longer than the window, it opens at the page's own entry. */
function showWhereWeAre(): void {
  const here = document.querySelector<HTMLElement>(".app-nav-side [aria-current]");
  const side = here?.closest<HTMLElement>(".app-nav");
  if (here && side) side.scrollTop = Math.max(0, here.offsetTop - side.clientHeight / 2);
}

/** A form with data-submit-on-change sends itself when a filter changes; its button is then not needed. */
function connectFilters(): void {
  document.addEventListener("change", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("form[data-submit-on-change]");
    form?.requestSubmit();
  });
}

/** Work lists ([data-work-list] with .list-row-title, links or buttons): j and k move, Enter opens, / goes to the search field. */
function connectWorkList(): void {
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "/") {
      const field = document.querySelector<HTMLElement>("[data-search-key]");
      if (field) {
        event.preventDefault();
        field.focus();
      }
      return;
    }
    if (event.key !== "j" && event.key !== "k") return;
    const links = [...document.querySelectorAll<HTMLElement>("[data-work-list] :is(a, button).list-row-title")];
    const here = links.indexOf(document.activeElement as HTMLElement);
    const next = here < 0 ? 0 : here + (event.key === "j" ? 1 : -1);
    links[next]?.focus();
  });
}

/** A link may load into a part that only wide screens show ([data-wide]); elsewhere it opens its own page. */
function connectDetail(): void {
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, target } = (event as CustomEvent).detail as { elt: Element; target: Element };
    if (!target.matches("[data-wide]")) return;
    if (target.getClientRects().length === 0 && elt instanceof HTMLAnchorElement) {
      event.preventDefault();
      window.location.assign(elt.href);
      return;
    }
    for (const row of document.querySelectorAll("[data-work-list] [aria-current]")) row.removeAttribute("aria-current");
    elt.closest("li")?.setAttribute("aria-current", "true");
  });
}

/** Long filter bars are folded on phones behind a button that says how many filters are set. */
function connectFilterFolds(): void {
  const narrow = window.matchMedia("(max-width: 767.98px)");
  for (const form of document.querySelectorAll<HTMLFormElement>("form.filter-bar")) {
    if (form.children.length <= 3 || form.closest("details")) continue;
    const shown = new Set([...form.elements].filter((each) => !each.matches("[type=hidden]")).map((each) => each.getAttribute("name")));
    const set = [...new URLSearchParams(location.search)].filter(([name, value]) => value !== "" && shown.has(name)).length;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn filter-toggle";
    button.append(icon("adjustments-horizontal"), set > 0 ? `筛选（已设 ${set} 项）` : "筛选");
    const show = (open: boolean) => {
      button.hidden = !narrow.matches;
      form.hidden = narrow.matches && !open;
      button.setAttribute("aria-expanded", String(open));
    };
    button.addEventListener("click", () => show(form.hidden !== false));
    narrow.addEventListener("change", () => show(false));
    form.before(button);
    show(false);
  }
}

/** details.fold-wide-open is folded on phones and open, without its heading, on wide screens; a map beside its list on tablets too. */
function connectFolds(): void {
  for (const fold of document.querySelectorAll<HTMLDetailsElement>("details.fold-wide-open")) {
    const wide = window.matchMedia(fold.closest(".map-list") ? "(min-width: 768px)" : "(min-width: 992px)");
    const set = () => {
      if (wide.matches) fold.open = true;
    };
    wide.addEventListener("change", set);
    set();
  }
}

/**
 * Strangers' and deputies' pages (body[data-worker]): what waits for the network is looked after; a worker opens the report page, and
 * a deputy's visit form (body[data-known]), without one. Who signs out is forgotten by this device; what he wrote waits for him.
 */
function connectNetwork(): void {
  const { worker, user, known } = document.body.dataset;
  for (const form of document.querySelectorAll<HTMLFormElement>("form[action$='/logout/']")) {
    form.addEventListener("submit", () => rememberWriter(""));
  }
  if (!worker) return;
  tend();
  if (user && known) void learn(user, known);
  if (!("serviceWorker" in navigator)) return;
  if (known) void navigator.serviceWorker.ready.then((registered) => registered.active?.postMessage("visits"));
  window.addEventListener("load", () => {
    navigator.serviceWorker.register(worker).catch(() => undefined); // a browser that refuses it has the pages all the same
  });
}

connectHeld(); // before htmx asks for what a page begins with
document.addEventListener("DOMContentLoaded", () => {
  connectHtmx();
  connectNetwork();
  connectMenus();
  showWhereWeAre();
  connectActions();
  connectOnce();
  connectFilters();
  connectWorkList();
  connectDetail();
  connectFolds();
  connectFilterFolds();
  focusWhatMatters(document);
  document.addEventListener("htmx:afterSettle", (event) => focusWhatMatters(event.target as Element));
});
