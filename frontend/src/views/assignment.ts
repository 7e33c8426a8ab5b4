/**
 * The assignment workbench: a line from every topic to each of its deputies; table, map and panel in step.
 *
 * Elements: #workbench[data-lines][data-tip][data-why][data-topic], addresses with 0 where an id goes; #assignment-map; rows
 * tr[data-id][data-topic] in #pairs, which htmx may swap; a row chosen on the map gets the event "lit"; #why, the panel, which
 * htmx fills: what is lit follows the JSON in its [data-panel]: {topic, member, change?: the line's end may be pulled}, and whom it
 * offers [data-candidates]: ids of deputies. On "run-changed" (body) the lines are read anew.
 */
import htmx from "htmx.org";
import { ApiError, bytes, request } from "../api";
import { boundsOf, collection, distanceWords, metresBetween, pointFeature } from "../geo";
import { DEPUTY_LAYERS, type Line, lightTeam, PAIR_LAYERS, pullLine, readRun, type RunMap, showCandidates, showRun, TOPIC_LAYERS } from "../layers/pairs";
import { symbolKey } from "../layers/places";
import { type Hit, openMap, type PlaceMap } from "../map";
import { toast } from "../toast";

interface Panel {
  topic: number;
  member: number | null;
  change?: boolean;
}

const TIP_DELAY = 90; // milliseconds

class Workbench {
  private panel: Panel | null = null;
  private dropKnob: (() => void) | null = null;
  private readonly tips = new Map<number, string[]>();
  private tipTimer = 0;
  /** The pair that the map was moved to; the one the page begins with leaves the whole county in sight. */
  private moved: number | null = null;

  constructor(
    private readonly map: PlaceMap,
    private readonly frame: HTMLElement,
    private readonly why: HTMLElement,
    private readonly table: HTMLElement,
    private run: RunMap,
  ) {
    showRun(map, run);
    this.follow();
    why.addEventListener("htmx:afterSettle", () => this.follow());
    why.addEventListener("change", (event) => {
      const along = why.querySelector<HTMLInputElement>("#rearrange");
      if (along && (event.target as HTMLElement).dataset.rearrange !== undefined) along.checked = true; // he has no room otherwise
    });
    table.addEventListener("htmx:afterSettle", () => this.markRows());
    table.addEventListener("click", (event) => this.moveTo(event.target));
    table.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target instanceof HTMLTableRowElement) event.target.click();
    });
    document.body.addEventListener("run-changed", () => void this.renew());
    map.onFeature([...TOPIC_LAYERS, ...PAIR_LAYERS], { hover: (hit) => this.tell(hit), click: (hit) => this.onMap(hit) });
  }

  private address(of: "lines" | "tip" | "why" | "topic", id = 0): string {
    return (this.frame.dataset[of] ?? "").replace(/\/0(?=\/|$)/, `/${id}`);
  }

  async renew(): Promise<void> {
    try {
      this.run = readRun(await bytes(this.address("lines")));
    } catch (error) {
      if (error instanceof ApiError) toast(error.message, "late");
      return;
    }
    this.tips.clear();
    showRun(this.map, this.run);
    this.follow();
  }

  /** Lights what the panel is about, and offers the end of its line to be pulled. */
  private follow(): void {
    this.panel = JSON.parse(this.why.querySelector<HTMLElement>("[data-panel]")?.dataset.panel ?? "null") as Panel | null;
    const { topic = null, member = null } = this.panel ?? {};
    lightTeam(this.map, this.run, topic, member);
    const offered = this.why.querySelector<HTMLElement>("[data-candidates]")?.dataset.candidates ?? "[]";
    const candidates = new Set(this.panel?.change ? (JSON.parse(offered) as number[]) : []);
    showCandidates(this.map, this.run.places.filter((place) => candidates.has(place.id)).map(({ at }) => at));
    this.markRows();
    this.dropKnob?.();
    this.dropKnob = null;
    const line = this.run.lines.find((one) => one.id === member);
    if (line && this.panel?.change) this.offerKnob(line);
  }

  private markRows(): void {
    const { topic, member } = this.panel ?? {};
    for (const row of this.table.querySelectorAll<HTMLElement>("tr[data-topic]")) {
      const lit = row.dataset.id ? Number(row.dataset.id) === member : member === null && Number(row.dataset.topic) === topic;
      row.classList.toggle("is-lit", lit);
      if (lit) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  private offerKnob(line: Line): void {
    this.dropKnob = this.map.addKnob(line.to, "拖到另一位代表上可以换人", DEPUTY_LAYERS, {
      drag: (at) => pullLine(this.map, line.from, at),
      drop: (_at, hits) => {
        pullLine(this.map, null, null);
        const others = hits.map((hit) => Number(hit.properties.id)).filter((id) => id !== line.deputy);
        if (others.length === 0) return toast("没有落在代表的位置上。请拖到一位代表（圆点）上再松开。", "info");
        this.show(`${this.address("why", line.id)}?${others.map((id) => `deputy=${id}`).join("&")}`);
      },
    });
  }

  private show(address: string): void {
    void htmx.ajax("get", address, { target: this.why, swap: "innerHTML" });
  }

  /** A row chosen by hand brings its line into sight. */
  private moveTo(target: EventTarget | null): void {
    const row = (target as Element).closest<HTMLElement>("tr[data-id]");
    const line = this.run.lines.find((one) => one.id === Number(row?.dataset.id));
    if (!line || this.moved === line.id) return;
    this.moved = line.id;
    this.map.fit(collection([pointFeature(...line.from), pointFeature(...line.to)]), { maxZoom: 13, padding: 70 });
  }

  private onMap(hit: Hit): void {
    const id = Number(hit.properties.id);
    const ofTopic = TOPIC_LAYERS.includes(hit.layer);
    if (ofTopic) return this.show(this.address("topic", id));
    const row = this.table.querySelector<HTMLElement>(`tr[data-id="${id}"]`);
    if (!row) return this.show(this.address("why", id));
    row.scrollIntoView({ block: "nearest" });
    row.dispatchEvent(new CustomEvent("lit", { bubbles: true }));
  }

  /** Whose line it is stands beside the pointer; names are asked for when the pointer rests. */
  private tell(hit: Hit | null): void {
    clearTimeout(this.tipTimer);
    const id = hit && PAIR_LAYERS.includes(hit.layer) ? Number(hit.properties.id) : null;
    const known = id === null ? undefined : this.tips.get(id);
    this.map.showTip(hit && known ? hit.at : null, known);
    if (!hit || id === null || known) return;
    this.tipTimer = window.setTimeout(async () => {
      const { lines } = await request<{ lines: string[] }>(this.address("tip", id)).catch(() => ({ lines: [] }));
      const line = this.run.lines.find((one) => one.id === id);
      if (lines.length === 0 || !line) return;
      const told = [...lines, ...(this.frame.dataset.homes === undefined ? [] : [`相距 ${distanceWords(metresBetween(line.from, line.to))}`])];
      this.tips.set(id, told);
      this.map.showTip(hit.at, told);
    }, TIP_DELAY);
  }
}

async function start(element: HTMLElement, frame: HTMLElement, why: HTMLElement, table: HTMLElement): Promise<void> {
  const [map, body] = await Promise.all([openMap(element), bytes(frame.dataset.lines ?? "").catch(() => null)]);
  if (!map) return;
  if (!body) return toast("连线没有载入，请刷新页面。表格不受影响。", "late");
  const run = readRun(body);
  map.fit(boundsOf(collection([...run.topics, ...run.places].map(({ at }) => pointFeature(...at)))), { padding: 36 });
  new Workbench(map, frame, why, table, run);
  symbolKey(element.parentElement, collection(run.places.map(({ at, kind }) => pointFeature(...at, { kind }))), collection([pointFeature(0, 0, { kind: "topic" })]));
}

const element = document.querySelector<HTMLElement>("#assignment-map");
const frame = document.querySelector<HTMLElement>("#workbench");
const why = document.querySelector<HTMLElement>("#why");
const table = document.querySelector<HTMLElement>("#pairs");
if (element && frame && why && table) void start(element, frame, why, table);
