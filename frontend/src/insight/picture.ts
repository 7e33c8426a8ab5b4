/** The map as a picture to pass on: title, county, period and filters, legend, scale and date are printed into it, so that none gets lost. */
import { FAMILY, type Legend, OUTLINE, paintLegend, wrapped } from "../legend";

export interface Picture {
  title: string;
  /** Period and filters, how many, what is not on the map. */
  caption: string[];
  legend: Legend;
  map: { canvas: HTMLCanvasElement; metresPerPixel: number };
}

const WIDTH = 1200; // px of the picture's content; drawn at twice that
const RATIO = 2;
const EDGE = 24;
const LEGEND = 250;
const LINE = 24;

/** Paints the picture on paper white, whatever the page's theme. */
export function paint(picture: Picture): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  const inside = WIDTH - 2 * EDGE;
  const caption = picture.caption.flatMap((line) => wrapped(context, line, inside, `15px ${FAMILY}`));
  const top = EDGE + 40 + caption.length * LINE + 12;
  const legendWidth = LEGEND - 20;
  const mapWidth = inside - LEGEND;
  const shown = picture.map.canvas;
  const mapHeight = Math.round(Math.min((mapWidth * shown.height) / Math.max(1, shown.width), 1400));
  const legendHeight = paintLegend(context, picture.legend, [0, 0], legendWidth, false);
  const bottom = top + Math.max(mapHeight, legendHeight + 70);
  [canvas.width, canvas.height] = [WIDTH * RATIO, (bottom + EDGE) * RATIO];
  context.scale(RATIO, RATIO);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, WIDTH, bottom + EDGE);
  write(context, picture.title, EDGE, EDGE + 24, `600 24px ${FAMILY}`);
  caption.forEach((line, index) => write(context, line, EDGE, EDGE + 40 + (index + 1) * LINE - 6, `15px ${FAMILY}`));
  const scale = mapHeight / (shown.height * (mapWidth / shown.width)) < 1 ? mapHeight / shown.height : mapWidth / shown.width;
  context.drawImage(shown, EDGE, top, shown.width * scale, shown.height * scale);
  context.strokeStyle = "#c9cfd6";
  context.strokeRect(EDGE, top, shown.width * scale, shown.height * scale);
  const right = EDGE + mapWidth + 20;
  paintLegend(context, picture.legend, [right, top], legendWidth);
  paintScale(context, picture.map.metresPerPixel / scale, right, top + legendHeight + 30);
  return canvas;
}

function write(context: CanvasRenderingContext2D, text: string, x: number, y: number, font: string): void {
  context.fillStyle = OUTLINE;
  context.font = font;
  context.fillText(text, x, y);
}

/** A bar of a round length that is 60 to 150 px long. */
export function scaleLength(metresPerPixel: number): { metres: number; pixels: number } {
  const most = metresPerPixel * 150;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
  return { metres, pixels: metres / metresPerPixel };
}

function paintScale(context: CanvasRenderingContext2D, metresPerPixel: number, x: number, y: number): void {
  if (!Number.isFinite(metresPerPixel) || metresPerPixel <= 0) return;
  const { metres, pixels } = scaleLength(metresPerPixel);
  context.strokeStyle = OUTLINE;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, y - 6);
  context.lineTo(x, y);
  context.lineTo(x + pixels, y);
  context.lineTo(x + pixels, y - 6);
  context.stroke();
  write(context, metres >= 1000 ? `${metres / 1000} 公里` : `${metres} 米`, x, y - 10, `13px ${FAMILY}`);
}

/** Hands the picture out as a file. */
export async function save(canvas: HTMLCanvasElement, name: string): Promise<void> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("这个浏览器不能导出图片，请用打印。");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
