/**
 * The assignment workbench: a line from every project to its deputy, the chosen row's line lit.
 *
 * Elements: #assignment-map; rows tr[data-id][data-project][data-deputy] in #pairs, which htmx may swap, one of them perhaps
 * with aria-current from the start (a row without data-id is an empty place); a row chosen on the map gets the event "lit" (hx-trigger="click, lit"). JSON "assignment-data": {projects: FeatureCollection of points
 * {id, name, tone?, unmet?}, deputies: FeatureCollection of points {id, kind, name}}; JSON "assignment-pairs" inside
 * #pairs, read again after each swap: [{id, project, deputy, from, to, origin, metres}].
 */
import type { FeatureCollection } from "geojson";
import { pageData } from "../data";
import { boundsOf, collection, distanceWords, EMPTY, pointFeature } from "../geo";
import { lightPair, PAIR_LAYERS, type Pair, showPairs } from "../layers/pairs";
import { showPlaces, symbolKey } from "../layers/places";
import { lightProject, showProjects } from "../layers/projects";
import { type Hit, openMap, type PlaceMap } from "../map";

interface AssignmentData {
  projects?: FeatureCollection | null;
  deputies?: FeatureCollection | null;
}

class Workbench {
  private pairs: Pair[] = [];
  private chosen: string | null;
  /** The pair that the map was moved to; the row that the page begins with leaves the whole county in sight. */
  private moved: string | null = null;
  private readonly names: Map<string, string>;

  constructor(
    private readonly map: PlaceMap,
    private readonly table: HTMLElement,
    data: AssignmentData,
  ) {
    const all = [...(data.projects?.features ?? []), ...(data.deputies?.features ?? [])];
    this.names = new Map(all.map((f) => [String(f.properties?.id), String(f.properties?.name ?? "")]));
    showProjects(map, unmetFirst(data.projects ?? EMPTY), false);
    lightProject(map, null);
    showPlaces(map, "deputies", data.deputies, false);
    const begins = table.querySelector<HTMLElement>("tr[aria-current]");
    this.chosen = begins?.dataset.id ?? null;
    this.readPairs();
    if (begins && !this.chosen) lightProject(map, begins.dataset.project ?? null);
    table.addEventListener("click", (event) => this.onRow(event));
    table.addEventListener("focusin", (event) => this.onRow(event));
    table.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target instanceof HTMLTableRowElement) event.target.click();
    });
    document.addEventListener("htmx:afterSettle", (event) => {
      if (table.contains(event.target as Node) || (event.target as Element).contains?.(table)) this.readPairs();
    });
    map.onFeature(["projects-mark", ...PAIR_LAYERS], {
      hover: (hit) => this.map.showTip(hit?.at ?? null, hit ? this.words(hit) : []),
      click: (hit) => this.onMap(hit),
    });
  }

  private readPairs(): void {
    this.pairs = pageData<Pair[]>("assignment-pairs") ?? [];
    showPairs(this.map, this.pairs, "projects-lit");
    this.choose(this.pairs.some((pair) => pair.id === this.chosen) ? this.chosen : null, false);
  }

  private onRow(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>("tr[data-id]");
    if (row?.dataset.id && (row.dataset.id !== this.chosen || row.dataset.id !== this.moved)) this.choose(row.dataset.id, true);
  }

  private onMap(hit: Hit): void {
    const id = String(hit.properties.id);
    const pair = this.pairs.find((p) => p.id === id) ?? this.pairs.find((p) => p.project === id);
    if (!pair) return;
    this.choose(pair.id, false);
    const row = this.table.querySelector<HTMLElement>(`tr[data-id="${CSS.escape(pair.id)}"]`);
    row?.scrollIntoView({ block: "nearest" });
    row?.dispatchEvent(new CustomEvent("lit", { bubbles: true }));
  }

  private choose(id: string | null, move: boolean): void {
    this.chosen = id;
    lightPair(this.map, id);
    const pair = this.pairs.find((p) => p.id === id);
    lightProject(this.map, pair?.project ?? null);
    if (id === null) return;
    for (const row of this.table.querySelectorAll<HTMLElement>("tr[data-project]")) {
      row.classList.toggle("is-lit", row.dataset.id === id);
      if (row.dataset.id === id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    this.moved = move ? id : null;
    if (pair && move) this.map.fit(collection([pointFeature(...pair.from), pointFeature(...pair.to)]), { maxZoom: 13, padding: 70 });
  }

  private words(hit: Hit): string[] {
    const pair = this.pairs.find((p) => p.id === String(hit.properties.id));
    if (!pair) return [String(hit.properties.name ?? "")];
    const words = [`${this.names.get(pair.project) ?? ""} — ${this.names.get(pair.deputy) ?? ""}`];
    if (pair.metres !== undefined) words.push(`相距 ${distanceWords(pair.metres)}${pair.origin === "staff" ? "，人工调整" : ""}`);
    return words;
  }
}

/** Projects still without enough deputies are drawn in the late colour. */
function unmetFirst(projects: FeatureCollection): FeatureCollection {
  return collection(projects.features.map((f) => ({ ...f, properties: { ...f.properties, tone: f.properties?.unmet ? "late" : (f.properties?.tone ?? "neutral") } })));
}

async function start(element: HTMLElement, table: HTMLElement, data: AssignmentData): Promise<void> {
  const map = await openMap(element, { fit: boundsOf(data.projects, data.deputies) });
  if (!map) return;
  new Workbench(map, table, data);
  symbolKey(element.parentElement, data.deputies, collection([{ ...pointFeature(0, 0), properties: { kind: "project" } }]));
}

const element = document.querySelector<HTMLElement>("#assignment-map");
const table = document.querySelector<HTMLElement>("#pairs");
if (element && table) void start(element, table, pageData<AssignmentData>("assignment-data") ?? {});
