/**
 * A panel that several requests may fill is not typed in while one of them is under way: what was typed would be replaced by the answer.
 *
 * Elements: [data-held], the panel; its value names what else rests while a form of it is being sent (a selector, may be empty).
 * Of several questions the last one asked is answered; late answers to the others are dropped, never the answer to a form.
 */

interface Asked {
  xhr: XMLHttpRequest;
  target: Element;
  requestConfig: { verb: string };
}

const last = new WeakMap<Element, XMLHttpRequest>();
const underWay = new WeakMap<Element, Set<XMLHttpRequest>>();

export function connectHeld(): void {
  document.addEventListener("htmx:beforeSend", (event) => {
    const asked = (event as CustomEvent).detail as Asked;
    if (asked.target.matches("[data-held]")) hold(asked.target as HTMLElement, asked);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const answer = (event as CustomEvent).detail as Asked & { shouldSwap: boolean; isError: boolean };
    const newest = last.get(answer.target);
    if (answer.requestConfig.verb === "get" && newest && newest !== answer.xhr) answer.shouldSwap = answer.isError = false;
  });
}

function hold(panel: HTMLElement, { xhr, requestConfig }: Asked): void {
  last.set(panel, xhr);
  const held = requestConfig.verb === "get" || !panel.dataset.held ? [panel] : [panel, ...document.querySelectorAll<HTMLElement>(panel.dataset.held)];
  const focused = panel.contains(document.activeElement) ? document.activeElement?.id : "";
  for (const each of held) rest(each, xhr);
  // Told when the answer has been put in its place, whatever became of the element that asked.
  xhr.addEventListener("loadend", () => {
    for (const each of held) wake(each, xhr);
    if (focused && !panel.inert && document.activeElement === document.body) document.getElementById(focused)?.focus();
  });
}

function rest(element: HTMLElement, xhr: XMLHttpRequest): void {
  const waiting = underWay.get(element) ?? new Set();
  underWay.set(element, waiting.add(xhr));
  element.inert = true;
  element.setAttribute("aria-busy", "true");
}

function wake(element: HTMLElement, xhr: XMLHttpRequest): void {
  const waiting = underWay.get(element);
  waiting?.delete(xhr);
  if (waiting?.size) return;
  element.inert = false;
  element.removeAttribute("aria-busy");
}
