/** Reads QR codes out of pictures: the only file that knows ZXing. Its program is one of our own files. */
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import program from "zxing-wasm/reader/zxing_reader.wasm?url";

/** Pixels of the longer side. A small picture is read in a moment; in a large one a plate across the street is found too. */
export const SMALL = 1280;
export const LARGE = 4000;

prepareZXingModule({ overrides: { locateFile: () => program } });

/** Begins to fetch the program, so that the first picture does not wait for it. */
export function prepare(): void {
  void prepareZXingModule({ overrides: { locateFile: () => program }, fireImmediately: true });
}

/** The texts of all QR codes in a picture, ours first. Rejects when the program cannot be had. */
export async function readCodes(picture: CanvasImageSource, width: number, height: number, most = SMALL, canvas = document.createElement("canvas")): Promise<string[]> {
  const scale = Math.min(1, most / Math.max(width, height, 1));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  if (!paint) return [];
  paint.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const found = await readBarcodes(paint.getImageData(0, 0, canvas.width, canvas.height), { formats: ["QRCode"], maxNumberOfSymbols: 4 });
  const ours = (text: string) => Number(text.startsWith(`${location.origin}/`));
  return found.map((code) => code.text).filter((text) => text !== "").sort((a, b) => ours(b) - ours(a));
}
