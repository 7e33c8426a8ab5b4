import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, csrfToken, errorFrom, request } from "../src/api";

const cookies = (cookie: string, field?: string) =>
  vi.stubGlobal("document", { cookie, querySelector: () => (field === undefined ? null : { value: field }) });

afterEach(() => vi.unstubAllGlobals());

describe("errorFrom", () => {
  it("takes the server's own sentence before ours", () => {
    expect(errorFrom(404, { message: "这个位置不在澄浦县内。" }).message).toBe("这个位置不在澄浦县内。");
  });
  it("takes django-ninja's detail when it is a sentence, not when it is a list", () => {
    expect(errorFrom(429, { detail: "太快了" }).message).toBe("太快了");
    expect(errorFrom(422, { detail: [{ loc: ["query", "lat"] }] }).message).toBe("填写的内容有误，请检查后再试。");
  });
  it("keeps a form's errors by field", () => {
    expect(errorFrom(422, { message: "有误", fields: { text: ["太短"] } }).fields).toEqual({ text: ["太短"] });
  });
  it.each([
    [401, "重新登录"],
    [403, "没有权限"],
    [409, "别人刚刚改动"],
    [413, "文件太大"],
    [503, "正在维护"],
    [502, "系统出了点问题"],
    [418, "没有办成"],
  ])("has words for %i even when the answer is no JSON", (status, words) => {
    expect(errorFrom(status, undefined).message).toContain(words);
  });
});

describe("csrfToken", () => {
  it("reads the cookie among others, unescaped", () => {
    cookies("a=1; csrftoken=ab%3Dc; b=2");
    expect(csrfToken()).toBe("ab=c");
  });
  it("falls back to the form's field, then to nothing", () => {
    cookies("xcsrftoken=no", "from-form");
    expect(csrfToken()).toBe("from-form");
    cookies("");
    expect(csrfToken()).toBe("");
  });
});

describe("request", () => {
  const answer = (status: number, body: string | null) => {
    const fetched = vi.fn(async () => new Response(body, { status }));
    vi.stubGlobal("fetch", fetched);
    return fetched;
  };

  it("sends JSON with the token only when it changes something", async () => {
    cookies("csrftoken=t");
    const fetched = answer(200, '{"ok":true}');
    await expect(request("/x", { method: "POST", body: { a: 1 } })).resolves.toEqual({ ok: true });
    await request("/x");
    const [post, get] = fetched.mock.calls.map((call) => (call as unknown as [string, RequestInit])[1]);
    expect(post).toMatchObject({ method: "POST", body: '{"a":1}', credentials: "same-origin" });
    expect(post?.headers).toMatchObject({ "X-CSRFToken": "t", "Content-Type": "application/json" });
    expect(get?.headers).not.toHaveProperty("X-CSRFToken");
  });
  it("gives nothing for 204 and refuses an answer that is no JSON", async () => {
    answer(204, null);
    await expect(request("/x")).resolves.toBeUndefined();
    answer(200, "<html>");
    await expect(request("/x")).rejects.toThrow("读不懂");
  });
  it("turns a failed status into an ApiError", async () => {
    answer(404, '{"message":"没有这个选区"}');
    await expect(request("/x")).rejects.toMatchObject({ name: "ApiError", status: 404, message: "没有这个选区" });
  });
  it("says so when there is no connection", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("failed")));
    await expect(request("/x")).rejects.toMatchObject({ status: 0, message: "没有连上服务器，请检查网络后再试。" });
  });
  it("gives up after the time allowed, and lets the caller's own abort pass as it is", async () => {
    vi.stubGlobal("fetch", (_: string, { signal }: RequestInit) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")))));
    await expect(request("/x", { timeoutMs: 5 })).rejects.toBeInstanceOf(ApiError);
    const caller = new AbortController();
    const waiting = request("/x", { signal: caller.signal });
    caller.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  });
});
