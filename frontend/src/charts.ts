/** Charts by ECharts, only the parts in use; loaded when a page has one. Tips are drawn on the canvas: no inline styles. */
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { type EChartsCoreOption, type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([LineChart, BarChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, AriaComponent, CanvasRenderer]);

const made = new WeakMap<HTMLElement, EChartsType>();

/** Draws or redraws a chart in the element. `words` is what it shows, for those who don't see it. */
function draw(element: HTMLElement, words: string, option: EChartsCoreOption): void {
  const renewed = made.has(element);
  const chart = made.get(element) ?? init(element, undefined, { renderer: "canvas" });
  if (!made.has(element)) {
    made.set(element, chart);
    new ResizeObserver(() => chart.resize()).observe(element);
  }
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", words);
  chart.setOption({ ...frame(), ...option, ...(renewed ? { animation: false } : {}) }, { notMerge: true });
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

/** How many there were, week by week; every label is a Monday. */
export function weekBars(element: HTMLElement, weeks: readonly (readonly [string, number])[]): void {
  const colours = inks();
  const some = weeks.filter(([, count]) => count > 0);
  const said = some.length > 0 ? some.map(([monday, count]) => `${monday}起 ${count} 条`).join("，") : "近一年没有";
  draw(element, `每周诉求数：${said}`, {
    ...axes(weeks.map(([monday]) => monday), ""),
    legend: { show: false },
    series: [{ name: "诉求", type: "bar", barMaxWidth: 14, data: weeks.map(([, count]) => count), itemStyle: { color: colours.blue } }],
  });
}

/** Voices by step of time: cases, and what other sources took in. */
export interface Inflow {
  title: string;
  labels: string[];
  cases: number[];
  records: number[];
}

export function inflowChart(element: HTMLElement, { title, labels, cases, records }: Inflow): void {
  const colours = inks();
  const bar = (name: string, data: number[], colour: string) => ({ name, type: "bar", stack: "all", barMaxWidth: 22, data, itemStyle: { color: colour } });
  draw(element, `${title}：${labels.map((label, i) => `${label} 民情件 ${cases[i]}、热线等 ${records[i]}`).join("；")}`, {
    ...axes(labels, ""),
    series: [bar("民情件", cases, colours.blue), bar("热线等诉求", records, colours.due)],
  });
}

export interface TownProjects {
  label: string;
  on_plan: number;
  slightly: number;
  behind: number;
  /** The list behind the bar. */
  url?: string;
}

/** Projects by town: on plan, slightly behind, behind. Bars lie, so that names are read without turning; a bar leads to its list. */
export function projectBars(element: HTMLElement, towns: readonly TownProjects[]): void {
  const colours = inks();
  const rows = [...towns].reverse();
  const bar = (name: string, key: "on_plan" | "slightly" | "behind", colour: string) => lyingBar(name, rows.map((town) => town[key]), colour);
  const words = towns.map((t) => `${t.label}按计划 ${t.on_plan} 个、略慢 ${t.slightly} 个、明显落后 ${t.behind} 个`);
  draw(element, `各地项目进度：${words.join("；")}`, {
    ...lying(rows.map((town) => town.label)),
    series: [bar("按计划", "on_plan", colours.good), bar("略慢", "slightly", colours.due), bar("明显落后", "behind", colours.late)],
  });
  leadOn(element, (row) => rows[row]?.url);
}

export interface Content {
  label: string;
  satisfied: number;
  fairly: number;
  unsatisfied: number;
  url?: string;
}

/** Who was satisfied, as shares; the counts stand in the tip. */
export function contentBars(element: HTMLElement, kinds: readonly Content[]): void {
  const colours = inks();
  const rows = [...kinds].reverse();
  const words = (row: Content) => `${row.label}满意 ${row.satisfied}、基本满意 ${row.fairly}、不满意 ${row.unsatisfied}`;
  const whole = (row: Content) => row.satisfied + row.fairly + row.unsatisfied;
  const bar = (name: string, key: "satisfied" | "fairly" | "unsatisfied", colour: string) => ({
    ...lyingBar(name, rows.map((row) => (whole(row) ? (100 * row[key]) / whole(row) : 0)), colour),
    barMaxWidth: 26,
    label: { show: true, color: colours.paper, formatter: ({ dataIndex }: { dataIndex: number }) => String(rows[dataIndex]?.[key] || "") },
  });
  const base = lying(rows.map((row) => (whole(row) ? row.label : `${row.label}（没有评价）`)));
  draw(element, `满意度：${kinds.map(words).join("；")}`, {
    ...base,
    xAxis: { ...(base.xAxis as object), max: 100, interval: 50, axisLabel: { color: colours.soft, fontSize: 12, formatter: "{value}%" } },
    tooltip: { ...(frame().tooltip as object), formatter: (series: { dataIndex: number }[]) => words(rows[series[0]?.dataIndex ?? 0] ?? (rows[0] as Content)) },
    series: [bar("满意", "satisfied", colours.good), bar("基本满意", "fairly", colours.due), bar("不满意", "unsatisfied", colours.late)],
  });
  leadOn(element, (row) => rows[row]?.url);
}

/** What was done by month, in several kinds; `urls` are the lists behind the months of a kind. */
export interface Activity {
  labels: string[];
  series: { name: string; counts: number[]; urls: string[] }[];
}

export function activityChart(element: HTMLElement, { labels, series }: Activity): void {
  const colours = inks();
  const shades = [colours.blue, colours.good, colours.due];
  draw(element, `代表履职：${series.map(({ name, counts }) => `${name} ${counts.map((count, i) => `${labels[i]} ${count}`).join("、")}`).join("；")}`, {
    ...axes(labels, ""),
    series: series.map(({ name, counts }, i) => ({ name, type: "bar", barMaxWidth: 14, data: counts, itemStyle: { color: shades[i % shades.length] } })),
  });
  leadOn(element, (month, kind) => series[kind]?.urls[month]);
}

function lying(labels: readonly string[]): EChartsCoreOption {
  const base = axes([], "");
  return { ...base, xAxis: base.yAxis, yAxis: { ...(base.xAxis as object), data: [...labels] } };
}

function lyingBar(name: string, data: number[], colour: string): object {
  return { name, type: "bar", stack: "all", barMaxWidth: 16, data, itemStyle: { color: colour } };
}

/** A click on a bar opens the list behind it. */
function leadOn(element: HTMLElement, url: (row: number, series: number) => string | undefined): void {
  const chart = made.get(element);
  chart?.off("click");
  chart?.on("click", ({ dataIndex, seriesIndex }) => {
    const to = url(dataIndex, seriesIndex ?? 0);
    if (to) location.assign(to);
  });
}
