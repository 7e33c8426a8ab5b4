import { describe, expect, it } from "vitest";
import { uprightExif, withExif } from "../src/exif";

/** A JPEG of markers alone: an EXIF segment with the orientation and another entry in the byte order asked for. */
function jpeg(orientation: number, little: boolean, before: number[] = []): Uint8Array {
  const exif = new Uint8Array(10 + 8 + 2 + 24);
  const view = new DataView(exif.buffer);
  view.setUint16(0, 0xffe1);
  view.setUint16(2, exif.length - 2);
  exif.set([0x45, 0x78, 0x69, 0x66, 0, 0], 4);
  view.setUint16(10, little ? 0x4949 : 0x4d4d);
  view.setUint16(12, 42, little);
  view.setUint32(14, 8, little);
  view.setUint16(18, 2, little);
  for (const [at, tag, value] of [[20, 0x0100, 640], [32, 0x0112, orientation]] as const) {
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, 3, little);
    view.setUint32(at + 4, 1, little);
    view.setUint16(at + 8, value, little);
  }
  return new Uint8Array([0xff, 0xd8, ...before, ...exif, 0xff, 0xda, 0, 4, 1, 2, 0xff, 0xd9]);
}

describe("what the camera noted", () => {
  it.each([true, false])("is taken over and says upright (little-endian: %s)", (little) => {
    const segment = uprightExif(jpeg(6, little, [0xff, 0xe0, 0, 4, 9, 9]));
    const view = new DataView((segment as Uint8Array<ArrayBuffer>).buffer);
    expect(view.getUint16(40, little)).toBe(1);
    expect(view.getUint16(28, little)).toBe(640); // nothing else is changed
  });

  it("goes behind the first marker", () => {
    const plain = new Uint8Array([0xff, 0xd8, 0xff, 0xd9]);
    const segment = uprightExif(jpeg(3, true)) as Uint8Array<ArrayBuffer>;
    expect([...withExif(plain, segment)]).toEqual([0xff, 0xd8, ...segment, 0xff, 0xd9]);
    expect(uprightExif(withExif(plain, segment))).toEqual(segment);
  });

  it("is null where there is none, whatever the bytes", () => {
    for (const bytes of [[], [0xff, 0xd8], [1, 2, 3, 4, 5], [0xff, 0xd8, 0xff, 0xda, 0, 2], [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff], [0xff, 0xd8, 0, 0, 0, 0]]) expect(uprightExif(new Uint8Array(bytes))).toBeNull();
    const whole = jpeg(6, true);
    for (let cut = 0; cut < whole.length; cut++) expect(() => uprightExif(whole.slice(0, cut))).not.toThrow();
    for (let at = 0; at < whole.length; at++) {
      const broken = whole.slice();
      broken[at] = 0xff;
      expect(() => uprightExif(broken)).not.toThrow();
    }
  });
});
