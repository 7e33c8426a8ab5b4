import { expect, it } from "vitest";
import { withoutElsewhere } from "../build/own-files";

it("leaves no address of a public file server", () => {
  const code = '"https://fastly.jsdelivr.net/npm/a@1/b.wasm" "https://unpkg.com/a" "https://cdnjs.cloudflare.com/x"';
  expect(withoutElsewhere(code)).toBe('"/static/npm/a@1/b.wasm" "/static/a" "/static/x"');
});
it("leaves other addresses alone", () => {
  const code = '"https://www.w3.org/2000/svg" "https://example.cn/unpkg.com/"';
  expect(withoutElsewhere(code)).toBe(code);
});
