/**
 * The cockpit: map and charts over what the server counted; asks for news as long as somebody looks.
 *
 * Elements: form #cockpit-filters (data-url); #cockpit-map, #hot-spots [data-id], #cockpit-numbers, #cockpit-limits, #cockpit-shares,
 * #cockpit-trend, #cockpit-projects, #cockpit-content, #cockpit-activity, #cockpit-at, #cockpit-fresh, #cockpit-rising, #cockpit-unhappy, #cockpit-leave. JSON "cockpit-data".
 */
import type { FeatureCollection } from "geojson";
import { ApiError, request } from "../api";
import type { Activity, Content, Inflow, TownProjects } from "../charts";
import { HEAT, quantileClasses } from "../classes";
import { pageData } from "../data";
import { HEAT_LAYERS, heatLegend, lightRegion, showRegions } from "../layers/heat";
import { lightSpot, showSpots, SPOT_LAYERS } from "../layers/spots";
import { linkList, text } from "../linked";
import { openMap, type PlaceMap } from "../map";
import { toast } from "../toast";

interface Region {
  code: string;
  name: string;
  level: string;
  value: number | null;
  words: string[];
  url: string;
}

interface CockpitData {
  version: string;
  at: string;
  period_label: string;
  numbers_html: string;
  spots_html: string;
  limits_html: string;
  shares_html: string;
  spots: FeatureCollection;
  regions: Region[];
  trend: Inflow;
  content: Content[];
  rising: number;
  projects: TownProjects[];
  activity: Activity;
}

const PARTS = { numbers_html: "#cockpit-numbers", spots_html: "#hot-spots", limits_html: "#cockpit-limits", shares_html: "#cockpit-shares" } as const;
const EVERY = 20_000; // ms between questions
const LATEST = 5 * 60_000; // ms between them when the server does not answer

class Cockpit {
  private map: PlaceMap | null = null;
  private running: AbortController | null = null;
  private timer = 0;
  private failed = 0;

  constructor(
    private data: CockpitData,
    private readonly form: HTMLFormElement,
  ) {}

  async start(): Promise<void> {
    this.form.addEventListener("change", () => void this.ask(true));
    document.addEventListener("visibilitychange", () => (document.hidden ? this.rest() : void this.ask()));
    document.addEventListener("keydown", (event) => {
      const leave = document.querySelector<HTMLAnchorElement>("#cockpit-leave");
      if (event.key === "Escape" && leave) location.assign(leave.href);
    });
    void this.drawCharts();
    this.next();
    const element = document.querySelector<HTMLElement>("#cockpit-map");
    this.map = element ? await openMap(element) : null;
    if (!this.map) return;
    this.drawMap();
    linkList(this.map, {
      list: document,
      layers: [...SPOT_LAYERS, ...HEAT_LAYERS],
      idOf: (hit) => text(SPOT_LAYERS.includes(hit.layer) ? hit.properties.id : hit.properties.code),
      light: (id) => this.light(id),
      tip: (hit) => this.words(hit.layer, hit.properties),
      choose: (id, hit) => {
        if (!hit) return;
        const spot = SPOT_LAYERS.includes(hit.layer);
        const url = spot ? document.querySelector<HTMLAnchorElement>(`#hot-spots [data-id="${CSS.escape(id)}"] a`)?.href : this.region(id)?.url;
        this.map?.showCard(hit.at, this.words(hit.layer, hit.properties), url ? { url, label: spot ? "看这个热点" : "在民情地图里看" } : undefined);
      },
    });
  }

  private region(code: string): Region | undefined {
    return this.data.regions.find((region) => region.code === code);
  }

  private words(layer: string, properties: Record<string, unknown>): string[] {
    if (SPOT_LAYERS.includes(layer)) return [String(properties.name ?? ""), `${String(properties.count ?? "")} 桩事`];
    const region = this.region(String(properties.code));
    return region ? [region.name, ...region.words] : [String(properties.name ?? ""), "没有数据"];
  }

  private light(id: string | null): void {
    if (!this.map) return;
    lightRegion(this.map, id);
    lightSpot(this.map, id);
  }

  /** One question at a time; nobody looking, none at all. */
  private next(): void {
    clearTimeout(this.timer);
    if (!document.hidden) this.timer = window.setTimeout(() => void this.ask(), Math.min(EVERY * 2 ** this.failed, LATEST));
  }

  private rest(): void {
    clearTimeout(this.timer);
  }

  /** chosen: somebody has changed the period and waits for it. */
  private async ask(chosen = false): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const query = new URLSearchParams(new FormData(this.form) as never).toString();
    if (chosen) this.form.setAttribute("aria-busy", "true");
    try {
      const data = await request<CockpitData>(`${this.form.dataset.url}?${query}`, { signal: running.signal });
      this.failed = 0;
      if (chosen) history.replaceState(null, "", `?${query}`);
      this.show(data);
    } catch (error) {
      if (running.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401 || error.status === 403) {
        location.reload(); // signed out meanwhile: the page leads to the sign-in
        return;
      }
      this.failed = Math.min(this.failed + 1, 8);
      if (chosen) toast(error.message, "late");
      this.tellAge(`没有连上，显示的是 ${this.data.at} 的数据`);
    } finally {
      if (this.running === running) this.form.removeAttribute("aria-busy");
      if (!running.signal.aborted) this.next();
    }
  }

  private tellAge(words: string): void {
    const at = document.querySelector("#cockpit-at");
    if (at) at.textContent = words;
    document.querySelector("#cockpit-fresh")?.classList.toggle("is-old", this.failed > 0);
  }

  private show(data: CockpitData): void {
    const changed = data.version !== this.data.version;
    this.data = data;
    this.tellAge(data.at);
    if (!changed) return;
    const period = document.querySelector("#cockpit-period");
    if (period) period.textContent = data.period_label;
    for (const [key, selector] of Object.entries(PARTS)) this.replace(selector, data[key as keyof typeof PARTS]);
    const rising = document.querySelector<HTMLElement>("#cockpit-rising");
    if (rising) [rising.hidden, rising.textContent] = [data.rising === 0, `${data.rising} 个话题在升温`];
    const [unhappy, others] = [document.querySelector<HTMLAnchorElement>("#cockpit-unhappy"), data.content[1]];
    if (unhappy && others) [unhappy.href, unhappy.textContent] = [others.url ?? "", `热线等不满意 ${others.unsatisfied} 件`];
    this.drawMap();
    void this.drawCharts();
  }

  /** In place only where something is different, so that nobody's focus is taken away without need. */
  private replace(selector: string, html: string): void {
    const target = document.querySelector<HTMLElement>(selector);
    if (!target) return;
    const made = document.createElement("template");
    made.innerHTML = target instanceof HTMLTableSectionElement ? `<table><tbody>${html}</tbody></table>` : html;
    const from = made.content.querySelector("tbody") ?? made.content;
    const focused = target.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    target.replaceChildren(...from.childNodes);
    if (focused) target.querySelector<HTMLAnchorElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  private drawMap(): void {
    const { map, data } = this;
    if (!map) return;
    const known = data.regions.map((region) => region.value).filter((value) => value !== null);
    const classes = quantileClasses(known, HEAT, 1);
    showRegions(map, data.regions[0]?.level ?? "town", data.regions, classes);
    map.setLegend(heatLegend("每千人件数", classes, ["没有数据"], classes.colours.length === 1 && known.length > 1 ? "各地相差不大，不分深浅" : ""));
    lightRegion(map, null);
    showSpots(map, data.spots);
  }

  private async drawCharts(): Promise<void> {
    const charts = await import("../charts");
    const { data } = this;
    const into = (id: string, draw: (element: HTMLElement) => void) => {
      const element = document.querySelector<HTMLElement>(id);
      if (element) draw(element);
    };
    into("#cockpit-trend", (element) => charts.inflowChart(element, data.trend));
    into("#h-trend", (element) => (element.textContent = data.trend.title));
    into("#cockpit-projects", (element) => charts.projectBars(element, data.projects));
    into("#cockpit-content", (element) => charts.contentBars(element, data.content));
    into("#cockpit-activity", (element) => charts.activityChart(element, data.activity));
  }
}

const data = pageData<CockpitData>("cockpit-data");
const form = document.querySelector<HTMLFormElement>("#cockpit-filters");
if (data && form) void new Cockpit(data, form).start();
