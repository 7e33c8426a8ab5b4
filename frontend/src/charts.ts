/** Charts by ECharts, only the parts in use; loaded when a page has one. Tips are drawn on the canvas: no inline styles. */
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { type EChartsCoreOption, type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([LineChart, BarChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, AriaComponent, CanvasRenderer]);

const made = new WeakMap<HTMLElement, EChartsType>();

/** Draws or redraws a chart in the element. `words` is what it shows, for those who don't see it. */
function draw(element: HTMLElement, words: string, option: EChartsCoreOption): void {
  const chart = made.get(element) ?? init(element, undefined, { renderer: "canvas" });
  if (!made.has(element)) {
    made.set(element, chart);
    new ResizeObserver(() => chart.resize()).observe(element);
  }
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", words);
  chart.setOption({ ...frame(), ...option }, { notMerge: true });
}

interface Inks {
  ink: string;
  soft: string;
  line: string;
  paper: string;
  blue: string;
  good: string;
  due: string;
  late: string;
}

function inks(): Inks {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: read("--ink"),
    soft: read("--ink-soft"),
    line: read("--line"),
    paper: read("--paper"),
    blue: read("--blue"),
    good: read("--good"),
    due: read("--due"),
    late: read("--late"),
  };
}

function frame(): EChartsCoreOption {
  const colours = inks();
  return {
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colours.ink },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: colours.paper,
      borderColor: colours.line,
      textStyle: { color: colours.ink, fontSize: 13 },
    },
  };
}

function axes(labels: readonly string[], unit: string): EChartsCoreOption {
  const colours = inks();
  const label = { color: colours.soft, fontSize: 12 };
  return {
    grid: { left: 8, right: 14, top: 40, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 18, itemHeight: 8, textStyle: { color: colours.ink, fontSize: 13 } },
    xAxis: { type: "category", data: [...labels], axisLabel: label, axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false } },
    yAxis: {
      type: "value",
      axisLabel: { ...label, formatter: `{value}${unit}` },
      splitLine: { lineStyle: { color: colours.line } },
      minInterval: 1,
    },
  };
}

export interface Curve {
  months: string[];
  plan: (number | null)[];
  actual: (number | null)[];
  today?: string | null;
}

/** Progress against plan (S-curve), in percent. */
export function progressCurve(element: HTMLElement, curve: Curve): void {
  const colours = inks();
  const latest = curve.actual.reduce<number>((last, value, index) => (value === null ? last : index), -1);
  const gap = latest < 0 ? null : (curve.actual[latest] ?? 0) - (curve.plan[latest] ?? 0);
  const now = curve.today && curve.months.includes(curve.today) ? curve.today : null;
  const base = axes(curve.months, "%");
  draw(element, `进度曲线。${latest < 0 ? "还没有进度报告" : `${curve.months[latest]} 累计完成 ${curve.actual[latest]}%，计划 ${curve.plan[latest]}%`}`, {
    ...base,
    yAxis: { ...(base.yAxis as object), min: 0, max: 100 },
    series: [
      { name: "计划", type: "line", data: curve.plan, symbol: "none", smooth: 0.2, lineStyle: { type: "dashed", width: 2, color: colours.soft }, itemStyle: { color: colours.soft } },
      {
        name: "累计完成",
        type: "line",
        data: curve.actual,
        symbolSize: 6,
        lineStyle: { width: 3, color: gapColour(gap, colours) },
        itemStyle: { color: gapColour(gap, colours) },
        markLine: now
          ? { symbol: "none", silent: true, label: { formatter: "本月", color: colours.soft }, lineStyle: { color: colours.soft, type: "dotted" }, data: [{ xAxis: now }] }
          : undefined,
      },
    ],
  });
}

function gapColour(gap: number | null, colours: Inks): string {
  if (gap === null || gap >= -2) return colours.good;
  return gap >= -5 ? colours.due : colours.late;
}

/** Money spent month by month, 万元. */
export function spentBars(element: HTMLElement, months: readonly (readonly [string, number])[]): void {
  const colours = inks();
  const base = axes(months.map(([month]) => month), "");
  draw(element, `逐月完成投资：${months.map(([month, spent]) => `${month} ${spent} 万元`).join("，")}`, {
    ...base,
    series: [{ name: "当月完成投资（万元）", type: "bar", barMaxWidth: 22, data: months.map(([, spent]) => spent), itemStyle: { color: colours.blue } }],
  });
}

export interface Trend {
  labels: string[];
  current: number[];
  previous?: number[] | null;
}

/** Cases by month, with the period before in grey when compared. */
export function trendChart(element: HTMLElement, trend: Trend): void {
  const colours = inks();
  const series: object[] = [{ name: "本期", type: "bar", data: trend.current, barMaxWidth: 22, itemStyle: { color: colours.blue } }];
  if (trend.previous) series.push({ name: "上期", type: "line", data: trend.previous, symbolSize: 5, lineStyle: { color: colours.soft, width: 2 }, itemStyle: { color: colours.soft } });
  draw(element, `民情件数量变化：${trend.labels.map((label, i) => `${label} ${trend.current[i]} 件`).join("，")}`, { ...axes(trend.labels, ""), series });
}

export interface TownProjects {
  label: string;
  on_plan: number;
  slightly: number;
  behind: number;
}

/** Projects by town: on plan, slightly behind, behind. Bars lie, so that names are read without turning. */
export function projectBars(element: HTMLElement, towns: readonly TownProjects[]): void {
  const colours = inks();
  const base = axes([], "");
  const rows = [...towns].reverse();
  const bar = (name: string, key: "on_plan" | "slightly" | "behind", colour: string) => ({
    name,
    type: "bar",
    stack: "all",
    barMaxWidth: 16,
    data: rows.map((town) => town[key]),
    itemStyle: { color: colour },
  });
  draw(element, `各地项目进度：${towns.map((t) => `${t.label}按计划 ${t.on_plan} 个、略慢 ${t.slightly} 个、明显落后 ${t.behind} 个`).join("；")}`, {
    ...base,
    xAxis: base.yAxis,
    yAxis: { ...(base.xAxis as object), data: rows.map((town) => town.label) },
    series: [bar("按计划", "on_plan", colours.good), bar("略慢", "slightly", colours.due), bar("明显落后", "behind", colours.late)],
  });
}
