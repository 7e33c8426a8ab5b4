import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { filesOf, keepFiles } from "../src/draft-files";
import { type Draft, discard, drafts, fieldsOf, isWritten, keep, rememberWriter, send, sendWaiting, title, writer } from "../src/drafts";

const DAY = 24 * 3600 * 1000;

/** A store as browsers have it. */
class Store {
  private readonly items = new Map<string, string>();
  get length() {
    return this.items.size;
  }
  key = (index: number) => [...this.items.keys()][index] ?? null;
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
  clear = () => this.items.clear();
}

const draft = (id: string, more: Partial<Draft> = {}): Draft => ({
  id, page: `/report?code=${id}`, action: "/report", fields: { text: `路灯坏了 ${id}`, submission: id }, state: "waiting", changed: Date.now(), ...more,
});

let store: Store;
let posted: { url: string; body: string }[];

/** A server that takes in each submission once and leads on to its page; `lost`: answers that do not come back. */
function server(answer: (body: URLSearchParams) => Partial<Response> | null) {
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const body = (init.body as URLSearchParams | undefined) ?? new URLSearchParams();
    if (init.method === "POST") posted.push({ url, body: String(body) });
    const made = answer(body);
    if (!made) throw new TypeError("Failed to fetch");
    return { ok: (made.status ?? 200) < 400, status: 200, redirected: false, url: "http://x/report", text: async () => "", ...made };
  });
}

const sent = (body: URLSearchParams) => ({ redirected: true, url: `http://x/report/sent/${body.get("submission")}` });

beforeEach(() => {
  store = new Store();
  posted = [];
  vi.stubGlobal("window", { localStorage: store });
  vi.stubGlobal("document", { cookie: "csrftoken=t", querySelector: () => null });
  vi.stubGlobal("navigator", {});
});
afterEach(() => vi.unstubAllGlobals());

describe("what is kept", () => {
  it("comes back newest first, and is gone when it is discarded", () => {
    keep(draft("a", { changed: Date.now() - 5 }));
    keep(draft("b"));
    expect(drafts().map((each) => each.id)).toEqual(["b", "a"]);
    discard("b");
    expect(drafts().map((each) => each.id)).toEqual(["a"]);
  });
  it("is removed after a week when it was only begun, after thirty days when it was handed in", () => {
    keep(draft("begun", { state: "typing", changed: Date.now() - 8 * DAY }));
    keep(draft("handed in", { changed: Date.now() - 8 * DAY }));
    keep(draft("long ago", { changed: Date.now() - 31 * DAY }));
    expect(drafts().map((each) => each.id)).toEqual(["handed in"]);
    expect(store.length).toBe(1);
  });
  it.each(["not json", "null", "{}", '{"page":"//evil.example","action":"/report","state":"waiting","fields":{}}', '{"page":"/","action":"https://evil.example","state":"waiting","fields":{}}'])(
    "that cannot be ours is removed: %s",
    (text) => {
      store.setItem("draft:x", text);
      expect(drafts()).toEqual([]);
      expect(store.length).toBe(0);
    },
  );
  it("leaves alone what others keep", () => {
    store.setItem("theme", "dark");
    expect(drafts()).toEqual([]);
    expect(store.getItem("theme")).toBe("dark");
  });
  it("is nothing where the device keeps nothing", () => {
    vi.stubGlobal("window", { get localStorage(): Storage { throw new Error("SecurityError"); } });
    expect(keep(draft("a"))).toBe(false);
    expect(drafts()).toEqual([]);
    const full = { ...store, setItem: () => { throw new Error("QuotaExceededError"); } } as unknown as Storage;
    expect(keep(draft("a"), full)).toBe(false);
  });
  it("has neither the form's token nor its files", () => {
    const form = new FormData();
    form.append("csrfmiddlewaretoken", "secret");
    form.append("photo", new Blob(["x"]));
    form.append("text", "路灯");
    expect(fieldsOf(form)).toEqual({ text: "路灯" });
  });
  it("counts as written only with words in it", () => {
    expect(isWritten({ text: " ", lat: "28.1", hide_name: "on" })).toBe(false);
    expect(isWritten({ text: "", phone: "139" })).toBe(true);
  });
  it("is called by its first words", () => {
    expect(title(draft("a", { fields: { text: "  楼下的\n路灯坏了半个月，晚上看不见路，请安排修理。" } }))).toBe("楼下的 路灯坏了半个月，晚上看不…");
    expect(title(draft("a", { fields: {} }))).toBe("没有写完的反映");
  });
});

describe("send", () => {
  it("hands in all fields with the submission number, and forgets the draft", async () => {
    server(sent);
    keep(draft("a"));
    expect(await send(draft("a"))).toEqual({ done: "/report/sent/a" });
    expect(posted).toEqual([{ url: "/report", body: "text=%E8%B7%AF%E7%81%AF%E5%9D%8F%E4%BA%86+a&submission=a" }]);
    expect(drafts()).toEqual([]);
  });
  it.each([[429], [500], [502], [503]])("keeps it when the server answers %i", async (status) => {
    server(() => ({ status }));
    keep(draft("a"));
    expect(await send(draft("a"))).toHaveProperty("unreachable");
    expect(drafts()).toHaveLength(1);
  });
  it("keeps it without a network", async () => {
    server(() => null);
    keep(draft("a"));
    expect(await send(draft("a"))).toEqual({ unreachable: "现在没有网络。" });
    expect(drafts()).toHaveLength(1);
  });
  it("shows what the server wants first", async () => {
    server(() => ({ status: 422, text: async () => "<main>请写下</main>" }));
    expect(await send(draft("a"))).toEqual({ refused: 422, html: "<main>请写下</main>" });
  });
  it.each([["csrftoken=t"], [""]])("fetches a new token once, when the old one is stale or gone: %j", async (cookie) => {
    vi.stubGlobal("document", { cookie, querySelector: () => null });
    let token = false;
    vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
      if (init.method !== "POST") token = true;
      const status = init.method === "POST" && !token ? 403 : 200;
      return { ok: status === 200, status, redirected: init.method === "POST" && token, url: "http://x/report/sent/a", text: async () => "" };
    });
    expect(await send(draft("a"))).toEqual({ done: "/report/sent/a" });
  });
});

describe("sendWaiting", () => {
  it("sends the oldest first and only what was handed in", async () => {
    server(sent);
    keep(draft("new", { changed: Date.now() - 1 }));
    keep(draft("old", { changed: Date.now() - 9 }));
    keep(draft("begun", { state: "typing" }));
    const outcomes = await sendWaiting();
    expect(outcomes.map(([each]) => each.id)).toEqual(["old", "new"]);
    expect(drafts().map((each) => each.id)).toEqual(["begun"]);
  });
  it("stops at the first that gets no answer", async () => {
    server(() => null);
    keep(draft("a"));
    keep(draft("b"));
    expect(await sendWaiting()).toHaveLength(1);
    expect(drafts()).toHaveLength(2);
  });
  it("marks what was refused, so that it is not sent again by itself", async () => {
    server(() => ({ status: 422 }));
    keep(draft("a"));
    await sendWaiting();
    expect(drafts()[0]?.state).toBe("refused");
    await sendWaiting();
    expect(posted).toHaveLength(1);
  });
  it("sends the same number again when the answer was lost on the way", async () => {
    const taken = new Set<string>();
    let lost = true;
    server((body) => {
      taken.add(body.get("submission") ?? "");
      if (lost) {
        lost = false;
        return null;
      }
      return sent(body);
    });
    keep(draft("a"));
    await sendWaiting();
    await sendWaiting();
    expect([...taken]).toEqual(["a"]);
    expect(posted).toHaveLength(2);
    expect(drafts()).toEqual([]);
  });
  it("leaves the work to one window", async () => {
    server(sent);
    keep(draft("a"));
    vi.stubGlobal("navigator", { locks: { request: async (_: string, __: object, work: (lock: null) => unknown) => work(null) } });
    expect(await sendWaiting()).toEqual([]);
    expect(drafts()).toHaveLength(1);
  });
});

describe("whose it is", () => {
  const signedIn = (user: string, blank = false) => vi.stubGlobal("document", { cookie: "csrftoken=t", body: { dataset: user ? { user } : {} }, querySelector: (asked: string) => (blank && asked.includes("data-blank") ? {} : null) });

  it("is seen and sent by its writer alone", async () => {
    signedIn("7");
    keep(draft("mine", { owner: writer() }));
    expect(drafts().map((each) => each.id)).toEqual(["mine"]);
    for (const somebodyElse of ["8", ""]) {
      signedIn(somebodyElse);
      server(sent);
      expect(drafts()).toEqual([]);
      expect(await sendWaiting()).toEqual([]);
    }
    expect(posted).toEqual([]);
    signedIn("7");
    expect(drafts().map((each) => each.id)).toEqual(["mine"]);
  });
  it("leaves a resident's drafts alone when somebody signs in", () => {
    keep(draft("resident"));
    signedIn("7");
    expect(drafts()).toEqual([]);
    signedIn("");
    expect(drafts().map((each) => each.id)).toEqual(["resident"]);
  });
  it("is removed after thirty days, whoever is signed in", () => {
    keep(draft("old", { owner: "7", changed: Date.now() - 31 * DAY }));
    signedIn("8");
    drafts();
    expect(store.length).toBe(0);
  });
  it("on a page that the device kept, belongs to whoever was signed in last", () => {
    signedIn("", true);
    expect(writer()).toBe("");
    rememberWriter("7");
    expect(writer()).toBe("7");
    signedIn("", false);
    expect(writer()).toBe("");
    signedIn("", true);
    rememberWriter("");
    expect(writer()).toBe("");
  });
});

describe("a visit", () => {
  const visit = (more: Partial<Draft> = {}) => draft("v", { action: "/supervision/visits/new", done: "/supervision/visits/", what: "走访记录", ...more });

  it("is done when its page follows, and waits when the login was over", async () => {
    server(() => ({ redirected: true, url: "http://x/accounts/login/?next=/supervision/visits/new" }));
    expect(await send(visit())).toEqual({ unreachable: "登录已过期，请重新登录。" });
    server(() => ({ redirected: true, url: "http://x/supervision/visits/new" }));
    expect(await send(visit())).toMatchObject({ refused: 200 });
    server(() => ({ redirected: true, url: "http://x/supervision/visits/12/" }));
    expect(await send(visit())).toEqual({ done: "/supervision/visits/12/" });
  });
  it("does not go out without its photos", async () => {
    server(sent);
    expect(await send(visit({ files: 2 }))).toMatchObject({ unreachable: expect.stringContaining("找不到") });
    expect(posted).toEqual([]);
  });
  it("goes out with them, in one form", async () => {
    await keepFiles("v", "photos", [new File(["a"], "一.jpg"), new File(["b"], "二.jpg")]);
    let body: unknown;
    vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
      body = init.body;
      return { ok: true, status: 200, redirected: true, url: "http://x/supervision/visits/12/", text: async () => "" };
    });
    expect(await send(visit({ files: 2 }))).toEqual({ done: "/supervision/visits/12/" });
    expect((body as FormData).getAll("photos").map((file) => (file as File).name)).toEqual(["一.jpg", "二.jpg"]);
    expect((body as FormData).get("submission")).toBe("v");
    expect(await filesOf("v")).toEqual([]);
  });
  it("is written once something is rated, found or signed", () => {
    expect(isWritten({ "rating-4": "", "finding-0-severity": "1", visited_on: "2026-11-22", topic: "3" })).toBe(false);
    for (const name of ["rating-4", "finding-0-text", "at", "reason"]) expect(isWritten({ [name]: "x" })).toBe(true);
  });
});
