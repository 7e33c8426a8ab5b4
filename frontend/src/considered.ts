/**
 * What the server says of a report before it is sent: that it belongs elsewhere, what it seems to be about, that one like it is being worked
 * on nearby. Asked while it is written, and once more when it is sent before that has been seen; without an answer it is sent as ever.
 *
 * Elements in the form: [data-considered] (the address to ask), #id_text, #id_lat, #id_lon, #id_category with [data-guesses] beside it.
 */
import { postForm } from "./api";

const PAUSE = 900; // milliseconds without a key
const PATIENCE = 3000; // milliseconds that sending waits for it

export function connectConsidered(form: HTMLFormElement): void {
  const panel = form.querySelector<HTMLElement>("[data-considered]");
  const text = form.querySelector<HTMLTextAreaElement>("#id_text");
  if (!panel || !text) return;
  const category = form.querySelector<HTMLSelectElement>("#id_category");
  let seen = ""; // the report that the panel speaks of
  let looked = ""; // the report whose likes have been before his eyes
  let underWay = 0;
  let timer = 0;
  const values = () => ({ text: text.value, lat: value(form, "id_lat"), lon: value(form, "id_lon") });
  const question = () => JSON.stringify(values());
  const ask = async () => {
    const asked = question();
    if (asked === seen || !navigator.onLine) return;
    const turn = ++underWay;
    try {
      const answer = text.value.trim() ? await postForm(panel.dataset.considered ?? "", { ...values(), category: category?.value ?? "" }, PATIENCE) : null;
      if (turn !== underWay) return; // something else is asked by now
      if (!answer || answer.status === 200) show(panel, form.querySelector("[data-guesses]"), answer?.html ?? "");
      seen = asked;
    } catch {
      // without a network nothing can be said of it
    }
  };
  const soon = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), PAUSE);
  };
  text.addEventListener("input", soon);
  for (const id of ["id_lat", "id_lon"]) form.querySelector(`#${id}`)?.addEventListener("change", soon);
  form.addEventListener("click", (event) => {
    const chosen = (event.target as HTMLElement).closest<HTMLElement>("[data-category]")?.dataset.category;
    if (!chosen || !category) return;
    category.value = chosen;
    category.dispatchEvent(new Event("change", { bubbles: true }));
    category.focus();
    form.querySelector("#guesses")?.remove();
  });
  panel.addEventListener("click", () => (looked = seen));
  const unlooked = (): HTMLElement | null => {
    const similar = looked === seen ? null : panel.querySelector<HTMLElement>("#similar");
    return similar && !inSight(similar) ? similar : null;
  };

  let passing = false; // it has been looked at
  let waiting = false;
  form.addEventListener("submit", (event) => {
    if (passing || !navigator.onLine || !text.value.trim()) return;
    const answered = question() === seen;
    const below = answered ? unlooked() : null; // it came while he wrote, below what he saw
    if (answered && !below) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (below) {
      looked = seen;
      return lead(below);
    }
    if (waiting) return;
    waiting = true;
    form.setAttribute("aria-busy", "true");
    void ask().then(() => {
      waiting = false;
      form.removeAttribute("aria-busy");
      const news = panel.querySelector<HTMLElement>("#led, #similar");
      looked = seen;
      if (news && !panel.querySelector("#id_not_urgent:checked")) return lead(news);
      passing = true;
      form.requestSubmit();
      passing = false;
    });
  });
  if (text.value.trim()) soon();
}

/** What was ticked stays so while it is still asked; what it seems to be about stands where that is chosen. */
function show(panel: HTMLElement, beside: Element | null, html: string): void {
  const ticked = panel.querySelector<HTMLInputElement>("#id_not_urgent")?.checked ?? false;
  panel.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  const again = panel.querySelector<HTMLInputElement>("#id_not_urgent");
  if (again) again.checked = ticked;
  const guesses = panel.querySelector("#guesses");
  if (beside) beside.replaceChildren(...(guesses ? [guesses] : []));
}

function lead(to: HTMLElement): void {
  to.tabIndex = -1;
  to.scrollIntoView({ block: "center" });
  to.focus({ preventScroll: true });
}

/** Whether some of it, its title at least, stands above the bar with the button. */
function inSight(what: HTMLElement): boolean {
  const { top, bottom } = what.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight - 160;
}

function value(form: HTMLFormElement, id: string): string {
  return form.querySelector<HTMLInputElement>(`#${id}`)?.value ?? "";
}
