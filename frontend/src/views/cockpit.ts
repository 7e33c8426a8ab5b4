/**
 * The leader's screen: complaints by region or by cell, hot spots, trend and project progress; filters fetch the same
 * object again and keep the address in step.
 *
 * Elements: form #cockpit-filters (data-url); #cockpit-map, #cockpit-summary, #cockpit-figures, #hot-spots [data-id],
 * #cockpit-table (tbody), #cockpit-trend, #cockpit-projects. JSON "cockpit-data": see CockpitData.
 */
import type { FeatureCollection } from "geojson";
import { ApiError, request } from "../api";
import type { Trend, TownProjects } from "../charts";
import { changeClasses, type Classes, growingClasses, HEAT, quantileClasses } from "../classes";
import { pageData } from "../data";
import { EMPTY } from "../geo";
import { HEAT_LAYERS, heatLegend, lightRegion, showCells, showRegions } from "../layers/heat";
import { lightSpot, showSpots, SPOT_LAYERS } from "../layers/spots";
import { linkList, text } from "../linked";
import { type Hit, openMap, type PlaceMap } from "../map";
import { toast } from "../toast";

interface Region {
  code: string;
  name: string;
  count: number | null;
  per_1000: number | null;
  change?: number | null;
  suppressed?: boolean;
  url?: string;
}

interface CockpitData {
  by: "region" | "cell";
  level: "town" | "village";
  measure: "per_1000" | "count";
  compare?: boolean;
  period_label?: string;
  total?: number;
  regions: Region[];
  /** [west, south, east, north, count] */
  cells?: number[][];
  /** A click on a cell opens this with "w,s,e,n" put behind. */
  cells_url?: string;
  hot_spots?: FeatureCollection | null;
  /** Rendered by the server, put in place as they are. */
  figures_html?: string;
  hot_spots_html?: string;
  table_html?: string;
  trend?: Trend | null;
  projects?: TownProjects[] | null;
}

const PARTS = { figures_html: "#cockpit-figures", hot_spots_html: "#hot-spots", table_html: "#cockpit-table" } as const;

class Cockpit {
  private map: PlaceMap | null = null;
  private running: AbortController | null = null;

  constructor(private data: CockpitData) {}

  async start(): Promise<void> {
    this.connectFilters();
    void this.drawCharts();
    const element = document.querySelector<HTMLElement>("#cockpit-map");
    this.map = element ? await openMap(element) : null;
    if (!this.map) return;
    this.drawMap();
    linkList(this.map, {
      list: document,
      layers: [...SPOT_LAYERS, ...HEAT_LAYERS],
      idOf: (hit) => text(SPOT_LAYERS.includes(hit.layer) ? hit.properties.id : (hit.properties.code ?? hit.properties.id)),
      light: (id) => this.light(id),
      tip: (hit) => this.words(hit),
      choose: (_id, hit) => this.showCard(hit),
    });
  }

  private region(hit: Hit): Region | undefined {
    return this.data.regions.find((region) => region.code === hit.properties.code);
  }

  private words(hit: Hit): string[] {
    if (SPOT_LAYERS.includes(hit.layer)) return [String(hit.properties.name ?? ""), `${hit.properties.count ?? ""} 件`];
    if (hit.layer === "heat-cells") return [`${hit.properties.count} 件`];
    const region = this.region(hit);
    if (!region) return [String(hit.properties.name ?? ""), "暂无数据"];
    return [region.name, ...regionWords(region)];
  }

  private light(id: string | null): void {
    if (!this.map) return;
    lightRegion(this.map, id);
    lightSpot(this.map, id);
  }

  private showCard(hit: Hit | null): void {
    if (!hit) return;
    const cells = this.data.cells_url && hit.layer === "heat-cells" ? this.data.cells_url + String(hit.properties.id) : null;
    const url = cells ?? this.region(hit)?.url ?? text(hit.properties.url);
    this.map?.showCard(hit.at, this.words(hit), url ? { url, label: "看这些民情件" } : undefined);
  }

  private connectFilters(): void {
    const form = document.querySelector<HTMLFormElement>("#cockpit-filters");
    form?.addEventListener("change", () => void this.refresh(form));
    form?.addEventListener("submit", (event) => {
      if ((event.submitter as HTMLButtonElement | null)?.name === "theme") {
        bar(form, false); // the page comes anew, with the same filters
        return;
      }
      event.preventDefault();
      void this.refresh(form);
    });
  }

  private async refresh(form: HTMLFormElement): Promise<void> {
    const query = asked(form).toString();
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    form.setAttribute("aria-busy", "true");
    try {
      this.data = await request<CockpitData>(`${form.dataset.url}?${query}`, { signal: running.signal });
      history.replaceState(null, "", `?${query}`);
      this.replaceParts();
      this.drawMap();
      await this.drawCharts();
    } catch (error) {
      if (error instanceof ApiError) toast(error.message, "late");
      else if (!running.signal.aborted) throw error;
    } finally {
      if (this.running === running) form.removeAttribute("aria-busy");
    }
  }

  private replaceParts(): void {
    for (const [key, selector] of Object.entries(PARTS)) {
      const html = this.data[key as keyof typeof PARTS];
      const target = document.querySelector(selector);
      if (html !== undefined && target) target.innerHTML = html;
    }
  }

  private drawMap(): void {
    if (!this.map) return;
    const { data, map } = this;
    if (data.by === "cell") {
      const classes = growingClasses((data.cells ?? []).map((cell) => cell[4] ?? 0));
      showCells(map, data.cells ?? [], classes);
      map.setLegend(heatLegend("每格件数", classes, [], data.cells?.length ? "" : "这段时间没有民情件"));
    } else {
      const { classes, value, title } = regionClasses(data);
      showRegions(map, data.level, data.regions.map((r) => ({ code: r.code, value: value(r), suppressed: r.suppressed ?? false })), classes);
      const suppressed = data.regions.some((region) => region.suppressed);
      const alike = classes.colours.length === 1 && data.regions.length > 1 ? "各区域相差不大，不分深浅" : "";
      map.setLegend(heatLegend(title, classes, [suppressed ? "少于 5 件或暂无数据" : "暂无数据"], alike));
    }
    lightRegion(map, null);
    showSpots(map, data.hot_spots ?? EMPTY);
    const summary = document.querySelector("#cockpit-summary");
    if (summary && data.total !== undefined) summary.textContent = `${data.period_label ?? ""}共 ${data.total} 件民情件`;
  }

  private async drawCharts(): Promise<void> {
    const trend = document.querySelector<HTMLElement>("#cockpit-trend");
    const projects = document.querySelector<HTMLElement>("#cockpit-projects");
    if (!trend && !projects) return;
    const charts = await import("../charts");
    if (trend && this.data.trend) charts.trendChart(trend, this.data.trend);
    if (projects && this.data.projects) charts.projectBars(projects, this.data.projects);
  }
}

/** By cell some controls have no effect: they are barred and say why. */
function bar(form: HTMLFormElement, barred: boolean): void {
  for (const group of form.querySelectorAll<HTMLElement>("[data-why]")) {
    group.title = barred ? (group.dataset.why ?? "") : "";
    for (const control of group.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")) control.disabled = barred;
  }
}

/** The form's answers, those of barred controls too: the table under the map goes on by them. */
function asked(form: HTMLFormElement): URLSearchParams {
  bar(form, false);
  const query = new URLSearchParams(new FormData(form) as never);
  bar(form, query.get("by") === "cell");
  return query;
}

function regionClasses(data: CockpitData): { classes: Classes; value: (region: Region) => number | null; title: string } {
  if (data.compare) return { classes: changeClasses(), value: (region) => region.change ?? null, title: "比上期" };
  const perThousand = data.measure === "per_1000";
  const value = (region: Region) => (perThousand ? region.per_1000 : region.count);
  const known = data.regions.filter((region) => !region.suppressed).map(value).filter((v) => v !== null);
  return { classes: quantileClasses(known, HEAT, perThousand ? 1 : 0), value, title: perThousand ? "每千人件数" : "件数" };
}

function regionWords(region: Region): string[] {
  if (region.suppressed) return ["少于 5 件，不单独显示"];
  if (region.count === null) return ["暂无数据"];
  const lines = [`${region.count} 件${region.per_1000 === null ? "" : `，每千人 ${region.per_1000.toFixed(1)} 件`}`];
  if (region.change !== undefined && region.change !== null) lines.push(`比上期${region.change >= 0 ? "多" : "少"} ${Math.abs(region.change).toFixed(0)}%`);
  return lines;
}

const data = pageData<CockpitData>("cockpit-data");
if (data) void new Cockpit(data).start();
