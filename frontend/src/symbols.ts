/**
 * The places' symbols, the same everywhere: home ●, work ■, station ▲, project ◆, case and "here" as pins. Drawn when a
 * map first asks for them by name ("station", "project-late"), so nothing is loaded; as SVG for legends.
 */
export const TONES: Record<string, string> = {
  good: "#2f7d4f",
  due: "#b7791f",
  late: "#c2410c",
  info: "#1d5fa8",
  neutral: "#66727f",
};
const KIND_COLOURS: Record<string, string> = {
  home: "#1d5fa8",
  village: "#1d5fa8",
  work: "#3f4c5a",
  station: "#6b3fa0",
  doorplate: "#1f2933",
  case: "#c2410c",
  here: "#b3261e",
  project: "#66727f",
  topic: "#66727f",
  deputy: "#1d5fa8",
  spot: "#7a1410",
  visit: "#1d5fa8",
};
/** Outlines in a 24 × 24 box. */
const PATHS: Record<string, string> = {
  home: "M12 5a7 7 0 1 1 0 14a7 7 0 1 1 0-14z",
  village: "M12 5a7 7 0 1 1 0 14a7 7 0 1 1 0-14z",
  deputy: "M12 5a7 7 0 1 1 0 14a7 7 0 1 1 0-14z",
  work: "M5.5 5.5h13v13h-13z",
  station: "M12 3.5L21 19.5H3z",
  project: "M12 2.5L21.5 12L12 21.5L2.5 12z",
  topic: "M12 2.5L21.5 12L12 21.5L2.5 12z",
  doorplate: "M12 8a4 4 0 1 1 0 8a4 4 0 1 1 0-8z",
  case: "M12 2a7 7 0 0 1 7 7c0 5-7 13-7 13s-7-8-7-13a7 7 0 0 1 7-7z",
  record: "M12 5a7 7 0 1 1 0 14a7 7 0 1 1 0-14z",
  spot: "M12 1.5a10.5 10.5 0 1 1 0 21a10.5 10.5 0 1 1 0-21z",
  visit: "M12 6a6 6 0 1 1 0 12a6 6 0 1 1 0-12z",
  here: "M12 2a7 7 0 0 1 7 7c0 5-7 13-7 13s-7-8-7-13a7 7 0 0 1 7-7z",
};
export const KIND_WORDS: Record<string, string> = {
  home: "住处",
  village: "所在村社",
  work: "工作单位",
  station: "代表联络站",
  project: "重点项目",
  topic: "监督事项",
  doorplate: "门牌",
  case: "民情件",
  record: "热线记录",
  visit: "签到处",
  here: "您的位置",
};

/** "project-late" → the diamond in the late colour; unknown names give null. */
export function symbolParts(name: string): { path: string; colour: string; hollow: boolean; pin: boolean } | null {
  const [kind = "", tone = ""] = name.split("-");
  const path = PATHS[kind];
  if (!path) return null;
  return {
    path,
    colour: TONES[tone] ?? KIND_COLOURS[kind] ?? "#66727f",
    hollow: kind === "village" || kind === "spot",
    pin: kind === "case" || kind === "here",
  };
}

/** The symbol as pixels (24 × 24 at the given ratio), with a white rim so that it stands out on any ground. */
export function drawSymbol(name: string, ratio = 2): ImageData | null {
  const parts = symbolParts(name);
  const context = parts && canvasContext(28 * ratio);
  if (!parts || !context) return null;
  context.scale(ratio, ratio);
  context.translate(2, 2);
  const path = new Path2D(parts.path);
  context.lineJoin = "round";
  context.lineWidth = 3.2;
  context.strokeStyle = "#ffffff";
  context.stroke(path);
  context.fillStyle = name === "spot-lit" ? "#fbd5c5" : parts.hollow ? "#ffffff" : parts.colour;
  context.fill(path);
  if (parts.hollow) {
    context.lineWidth = 2.4;
    context.strokeStyle = parts.colour;
    context.stroke(path);
  }
  if (parts.pin) {
    context.fillStyle = "#ffffff";
    context.fill(new Path2D("M12 6.4a2.6 2.6 0 1 1 0 5.2a2.6 2.6 0 1 1 0-5.2z"));
  }
  return context.getImageData(0, 0, 28 * ratio, 28 * ratio);
}

/** Diagonal lines on a transparent ground: "no data". */
export function drawHatch(colour: string, ratio = 2): ImageData | null {
  const size = 8 * ratio;
  const context = canvasContext(size);
  if (!context) return null;
  context.strokeStyle = colour;
  context.lineWidth = 1.1 * ratio;
  for (const shift of [-size, 0, size]) {
    context.beginPath();
    context.moveTo(shift - 2, size + 2);
    context.lineTo(shift + size + 2, -2);
    context.stroke();
  }
  return context.getImageData(0, 0, size, size);
}

function canvasContext(size: number): CanvasRenderingContext2D | null {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  return canvas.getContext("2d", { willReadFrequently: true });
}

const SVG = "http://www.w3.org/2000/svg";

/** The symbol for a legend. */
export function symbolSvg(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const parts = symbolParts(name);
  if (!parts) return svg;
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", parts.path);
  path.setAttribute("fill", parts.hollow ? "none" : parts.colour);
  if (parts.hollow) {
    path.setAttribute("stroke", parts.colour);
    path.setAttribute("stroke-width", "2.4");
  }
  svg.append(path);
  return svg;
}
