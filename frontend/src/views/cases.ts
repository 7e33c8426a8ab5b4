/**
 * The work list: ticking rows for one move of them all, and the list's map in step with it.
 *
 * Elements: form#many[data-many][data-most] with [data-many-page], [name=all], [data-many-count], [name=verb] (options data-said, data-must,
 * data-unit), [data-many-unit]; [data-many-jump] leads back to it from far down on a phone; rows' [name=case]; #cases-map, #map-count[data-marks][data-mark][data-most], #map-only.
 */
import { bytes, request } from "../api";
import { boundsOf, collection, pointFeature } from "../geo";
import type { Hit, PlaceMap } from "../map";
import { connectMerging, connectMoves } from "../moves";

function boxes(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>("[data-work-list] input[name=case]")];
}

function connectMany(form: HTMLFormElement): void {
  const first = `勾选后可以一起办${window.matchMedia("(hover: hover) and (pointer: fine)").matches ? "（键盘：x）" : ""}`;
  const page = form.querySelector<HTMLInputElement>("[data-many-page]");
  const all = form.querySelector<HTMLInputElement>("[name=all]");
  const jump = document.querySelector<HTMLElement>("[data-many-jump]");
  const said = form.querySelector<HTMLElement>("[data-many-count]");
  const verb = form.querySelector<HTMLSelectElement>("[name=verb]");
  const note = form.querySelector<HTMLInputElement>("[name=note]");
  const unit = form.querySelector<HTMLElement>("[data-many-unit]");
  const show = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    const chosen = all?.checked ? Infinity : ticked;
    if (said) said.textContent = all?.checked ? "全部符合条件的" : ticked ? `已勾选 ${ticked} 件` : first;
    form.classList.toggle("many-open", chosen > 0);
    if (jump) jump.hidden = chosen === 0;
    if (jump) jump.textContent = `${all?.checked ? "全部" : `已勾选 ${ticked} 件`}，一起办`;
    if (page) page.checked = ticked > 0 && ticked === boxes().length;
    const move = verb?.selectedOptions[0];
    if (unit) unit.hidden = move?.dataset.unit === undefined;
    const label = note && form.querySelector(`label[for="${note.id}"]`);
    if (note && label) {
      note.required = move?.dataset.must !== undefined;
      label.textContent = `${move?.dataset.said ?? "说明"}${note.required ? "" : "（可不填）"}`;
    }
  };
  page?.addEventListener("change", () => {
    for (const box of boxes()) box.checked = page.checked;
    show();
  });
  document.addEventListener("change", (event) => {
    if ((event.target as Element).matches("[name=case], [name=all], [name=verb]")) show();
  });
  form.addEventListener("submit", (event) => {
    const count = all?.checked ? "符合条件的全部" : `勾选的 ${boxes().filter((box) => box.checked).length} 件`;
    if (!window.confirm(`${verb?.selectedOptions[0]?.textContent ?? "办理"}：${count}民情件，一起办？`)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || target.closest("input:not([type=checkbox]), textarea, select")) return;
    const box = target.closest("li")?.querySelector<HTMLInputElement>("input[name=case]");
    if (!box) return;
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  });
  show();
}

/** What a mark is, asked for once each. */
class Words {
  private readonly known = new Map<string, Promise<{ lines: string[]; url: string }>>();

  constructor(private readonly address: string) {}

  of(id: string): Promise<{ lines: string[]; url: string }> {
    const asked = this.known.get(id) ?? request<{ lines: string[]; url: string }>(this.address.replace(/0$/, id));
    this.known.set(id, asked);
    asked.catch(() => this.known.delete(id));
    return asked;
  }
}

async function connectMap(element: HTMLElement, note: HTMLElement): Promise<void> {
  const [{ openMap }, { lightMark, MARK_LAYERS, readMarks, showMarks }, { linkList, text }, { showSettlements }] = await Promise.all([
    import("../map"), import("../layers/marks"), import("../linked"), import("../layers/areas"),
  ]);
  const [map, body] = await Promise.all([openMap(element), bytes(note.dataset.marks ?? "").catch(() => null)]);
  if (!map) return;
  if (!body) {
    note.textContent = "位置没有载入，请刷新页面。";
    return;
  }
  const read = readMarks(body);
  showSettlements(map);
  showMarks(map, read);
  note.textContent = read.all > read.marks.length ? `共 ${read.all} 件，图上是排在前面的 ${read.marks.length} 件` : `图上 ${read.all} 件`;
  if (read.marks.length) map.fit(boundsOf(collection(read.marks.map(({ at }) => pointFeature(...at)))), { padding: 36 });
  const words = new Words(note.dataset.mark ?? "");
  const list = document.querySelector<HTMLElement>("[data-work-list]");
  if (!list) return;
  const link = linkList(map, {
    list,
    layers: MARK_LAYERS,
    idOf: (hit: Hit) => text(hit.properties.id),
    light: (id) => lightMark(map, id),
    choose: (id, hit) => {
      if (hit) void words.of(id).then(({ lines, url }) => map.showCard(hit.at, lines, { url, label: "打开" })).catch(() => undefined);
    },
  });
  offerArea(map);
  const here = new URLSearchParams(location.search).get("at");
  if (here) link.select(here);
}

/** The list of what is in sight: offered once the map has been moved. */
function offerArea(map: PlaceMap): void {
  const only = document.querySelector<HTMLAnchorElement>("#map-only");
  map.onMoved((bounds) => {
    if (!only) return;
    const query = new URLSearchParams(location.search);
    query.set("bbox", bounds.map((degrees) => degrees.toFixed(5)).join(","));
    query.delete("page");
    only.href = `?${query.toString()}`;
    only.hidden = false;
  });
}

const form = document.querySelector<HTMLFormElement>("form[data-many]");
if (form) connectMany(form);
const element = document.querySelector<HTMLElement>("#cases-map");
const note = document.querySelector<HTMLElement>("#map-count");
if (element && note) void connectMap(element, note);
document.addEventListener("htmx:afterSettle", (event) => {
  if ((event.target as Element).id === "detail") connectMoves(event.target as Element);
});
connectMerging();
