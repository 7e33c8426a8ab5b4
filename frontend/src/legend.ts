/** A legend as data: the same rows beside the map and on a picture of it. Numbers stand beside every colour; "no data" is hatched. */
import type { Classes } from "./classes";
import { hatch, legendBox, legendRow, swatch } from "./layers/heat";

export interface LegendEntry {
  label: string;
  colour?: string;
  /** Nothing is known there. */
  hatched?: boolean;
  /** A dark outline: what is told by it and not by the colour. */
  outlined?: boolean;
}

export interface Legend {
  title: string;
  entries: LegendEntry[];
  note?: string;
}

export const OUTLINE = "#1f2933";
const HATCH = "#8a96a3";

export function classEntries(classes: Classes): LegendEntry[] {
  return classes.labels.map((label, index) => ({ label, colour: classes.colours[index] }));
}

export function legendElement({ title, entries, note }: Legend): HTMLElement {
  return legendBox(title, entries.map((entry) => legendRow(mark(entry), entry.label)), note);
}

function mark(entry: LegendEntry): SVGSVGElement {
  if (entry.hatched) return hatch();
  const drawn = swatch(entry.colour ?? "none");
  if (entry.outlined) {
    drawn.firstElementChild?.setAttribute("stroke", OUTLINE);
    drawn.firstElementChild?.setAttribute("stroke-width", "2");
  }
  return drawn;
}

/** Paints the legend in the context's font size; returns how high it is, also for `draw` false. Units: the context's. */
export function paintLegend(context: CanvasRenderingContext2D, legend: Legend, [x, y]: [number, number], width: number, draw = true): number {
  const row = 22;
  let top = y;
  const line = (text: string, indent: number, weight = "") => {
    if (draw) {
      context.fillStyle = OUTLINE;
      context.font = `${weight} 14px ${FAMILY}`.trim();
      context.fillText(text, x + indent, top + 15, width - indent);
    }
    top += row;
  };
  line(legend.title, 0, "600");
  for (const entry of legend.entries) {
    if (draw) paintMark(context, entry, x, top + 3);
    line(entry.label, 28);
  }
  for (const part of legend.note ? wrapped(context, legend.note, width, `14px ${FAMILY}`) : []) line(part, 0);
  return top - y;
}

export const FAMILY = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

function paintMark(context: CanvasRenderingContext2D, entry: LegendEntry, x: number, y: number): void {
  context.save();
  context.beginPath();
  context.rect(x + 0.5, y + 0.5, 19, 14);
  if (entry.colour) {
    context.fillStyle = entry.colour;
    context.fill();
  }
  context.strokeStyle = entry.outlined ? OUTLINE : "#00000033";
  context.lineWidth = entry.outlined ? 2 : 1;
  context.stroke();
  if (entry.hatched) {
    context.clip();
    context.strokeStyle = HATCH;
    context.beginPath();
    for (let shift = -16; shift < 20; shift += 6) {
      context.moveTo(x + shift, y + 15);
      context.lineTo(x + shift + 16, y);
    }
    context.stroke();
  }
  context.restore();
}

/** Chinese text in lines no wider than `width`: it may be broken between any two characters, not inside a number or a Latin word. */
export function wrapped(context: CanvasRenderingContext2D, text: string, width: number, font: string): string[] {
  context.font = font;
  const lines: string[] = [];
  let line = "";
  for (const piece of text.match(/[\w.,%+-]+|[^\w.,%+-]/gu) ?? []) {
    if (line && context.measureText(line + piece).width > width) {
      lines.push(line.trim());
      line = "";
    }
    line += piece;
  }
  return line.trim() ? [...lines, line.trim()] : lines;
}
