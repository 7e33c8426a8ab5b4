/** What a camera notes in a JPEG (EXIF): taken out of one file and put into another, which canvases would lose. */

const SOI = 0xffd8;
const APP1 = 0xffe1;
const SCAN = 0xffda;
const ORIENTATION = 0x0112;

/** The EXIF segment of a JPEG with its marker, saying that the picture is upright; null when it has none that can be read. */
export function uprightExif(jpeg: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (jpeg.length < 4 || view.getUint16(0) !== SOI) return null;
  for (let at = 2; at + 4 <= jpeg.length; ) {
    const marker = view.getUint16(at);
    const end = at + 2 + view.getUint16(at + 2);
    if (marker < 0xff00 || marker === SCAN || end > jpeg.length) return null;
    if (marker === APP1 && jpeg[at + 4] === 0x45 && jpeg[at + 5] === 0x78) {
      const segment = jpeg.slice(at, end);
      turnUpright(segment);
      return segment;
    }
    at = end;
  }
  return null;
}

/** The JPEG with the segment after its first marker. */
export function withExif(jpeg: Uint8Array, segment: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(jpeg.length + segment.length);
  joined.set(jpeg.subarray(0, 2));
  joined.set(segment, 2);
  joined.set(jpeg.subarray(2), 2 + segment.length);
  return joined;
}

function turnUpright(segment: Uint8Array): void {
  const start = 10; // marker, length, "Exif\0\0"; offsets count from here
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  if (segment.length < start + 8) return;
  const little = view.getUint16(start) === 0x4949;
  const first = start + view.getUint32(start + 4, little);
  if (first + 2 > segment.length) return;
  const entries = view.getUint16(first, little);
  for (let n = 0; n < entries; n++) {
    const entry = first + 2 + n * 12;
    if (entry + 12 > segment.length) return;
    if (view.getUint16(entry, little) === ORIENTATION) view.setUint16(entry + 8, 1, little);
  }
}
