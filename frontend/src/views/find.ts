/**
 * Finding one's deputies: search box with suggestions, own position, a tap on the map; on the result page the place,
 * its districts and the stations near it.
 *
 * Elements: #search-form with #q and #suggestions; #locate-button (data-find-url) and #locate-status; #find-map
 * (data-pick: a tap asks for that place); #move-point (aria-pressed) turns tapping on.
 * JSON "find-data" (result page): {point: {lon, lat, accuracy_m?}, find_url, districts?: FeatureCollection {level, name},
 * places?: FeatureCollection of points {id, kind, name, url?}}.
 */
import { pageData } from "../data";
import { distanceWords } from "../geo";
import type { FoundPlace } from "../layers/result";
import { currentPosition, findUrl } from "../place-words";

interface FindData extends FoundPlace {
  find_url?: string;
}

const data = pageData<FindData>("find-data");
const locate = document.querySelector<HTMLElement>("#locate-button");
const address = data?.find_url ?? locate?.dataset.findUrl ?? "/find";

function connectLocate(button: HTMLElement): void {
  const status = document.querySelector<HTMLElement>("#locate-status");
  const say = (words: string) => {
    if (status) status.textContent = words;
  };
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    say("正在定位…");
    try {
      const at = await currentPosition();
      say(`已定位，误差约 ${distanceWords(at.accuracy)}，正在查找…`);
      location.assign(findUrl(address, at.lon, at.lat, { accuracy: String(Math.round(at.accuracy)), via: "gps" }));
    } catch (error) {
      say((error as Error).message);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

/**
 * The search box as a combobox: arrows walk through the suggestions, Enter takes one, Escape closes them. One that is no whole
 * address ([data-fill], a road) goes into the box, where its number is typed behind it.
 */
function connectSuggestions(field: HTMLInputElement, box: HTMLElement): void {
  const status = document.querySelector<HTMLElement>("#suggestions-status");
  const options = () => [...box.querySelectorAll<HTMLElement>("[role=option]")];
  const current = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  const mark = (index: number) => {
    options().forEach((option, i) => {
      option.setAttribute("aria-selected", String(i === index));
    });
    const marked = options()[index];
    if (marked) {
      field.setAttribute("aria-activedescendant", marked.id);
      marked.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    box.replaceChildren();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    if (status) status.textContent = "";
  };
  const fill = (text: string) => {
    field.value = text;
    field.focus();
    field.setSelectionRange(text.length, text.length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  box.addEventListener("htmx:afterSettle", () => {
    const count = options().length;
    field.setAttribute("aria-expanded", String(count > 0));
    field.removeAttribute("aria-activedescendant");
    if (status) status.textContent = count > 0 ? `有 ${count} 条建议，按上下键选择` : "没有匹配的地址";
  });
  field.addEventListener("input", () => mark(-1)); // what was marked is not what is being typed now
  // An answer that comes after the box was left or emptied would open it again.
  box.addEventListener("htmx:beforeSwap", (event) => {
    if (document.activeElement !== field || field.value.trim() === "") (event as CustomEvent).detail.shouldSwap = false;
  });
  const take = (option: HTMLElement) => {
    if (option.dataset.href) location.assign(option.dataset.href);
    else fill(option.dataset.fill ?? "");
  };
  box.addEventListener("click", (event) => {
    const option = (event.target as Element).closest<HTMLElement>("[role=option]");
    if (option) take(option);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter ends what an input method writes
    const all = options();
    const chosen = all[current()];
    if (event.key === "Escape" && all.length > 0) {
      event.preventDefault(); // a search field would be emptied
      close();
    }
    if (all.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : current() < 0 ? 0 : -1;
      mark((current() + step + all.length) % all.length);
    } else if (event.key === "Enter" && chosen) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === "Tab") close();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target as Element).closest("#search-form")) close();
  });
}

async function connectMap(element: HTMLElement): Promise<void> {
  const [{ openMap }, layers] = await Promise.all([import("../map"), import("../layers/result")]);
  const map = await openMap(element, { fit: data ? layers.resultView(data) : null });
  if (!map) return;
  if (data) layers.showResult(map, element, data);
  const move = document.querySelector<HTMLElement>("#move-point");
  const inviting = element.dataset.pick !== undefined || (!data && !move);
  const picking = () => inviting || move?.getAttribute("aria-pressed") === "true";
  map.onTap(([lon, lat]) => {
    if (picking()) location.assign(findUrl(address, lon, lat, { via: "map" }));
  });
}

/** The map is heavy: it is fetched when it comes into sight, or when its fold is opened. */
function whenSeen(element: HTMLElement, start: () => void): void {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    start();
  }, { rootMargin: "200px" });
  watch.observe(element);
}

/** "不是这里？" invites a tap on the map, and opens the fold it lies in. The map may still be loading: the button keeps the state. */
function connectMove(move: HTMLElement, element: HTMLElement): void {
  const help = element.parentElement?.querySelector<HTMLElement>(".map-help");
  const words = help?.textContent ?? "";
  help?.setAttribute("role", "status");
  move.addEventListener("click", () => {
    const picking = move.getAttribute("aria-pressed") !== "true";
    move.setAttribute("aria-pressed", String(picking));
    if (help) help.textContent = picking ? "请在地图上点一下正确的位置" : words;
    if (!picking) return;
    const fold = element.closest("details");
    if (fold) fold.open = true;
    element.scrollIntoView({ block: "center" });
  });
}

const field = document.querySelector<HTMLInputElement>("#q");
const box = document.querySelector<HTMLElement>("#suggestions");
const element = document.querySelector<HTMLElement>("#find-map");
if (locate) connectLocate(locate);
if (field && box) connectSuggestions(field, box);
if (element) {
  const move = document.querySelector<HTMLElement>("#move-point");
  if (move) connectMove(move, element);
  whenSeen(element, () => void connectMap(element));
}
