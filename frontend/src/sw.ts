/**
 * Works between the pages and the network: the report page and a deputy's forms of a visit and of a case open without one, other public pages say that
 * there is none.
 *
 * Kept are the report page as a stranger gets it, without anybody's place or name, the page that says there is no network, the empty
 * forms on a deputy's device, and the files they need. Every other page always comes from the server, and no other office page is
 * touched. Stands alone: imports nothing. The server writes `BUILD` and the `PAGES` of its zone before it, so that each build brings a
 * new one.
 */
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Worker {
  BUILD: string;
  PAGES: string[];
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(kind: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(kind: "message", listener: (event: Lasting & { data: unknown }) => void): void;
  addEventListener(kind: "fetch", listener: (event: Fetching) => void): void;
}

const worker = self as unknown as Worker;
const CACHE = `pages-${worker.BUILD}`;
/** A deputy's forms, and the empty one that stands for each where there is no network. */
const FORMS: [RegExp, string][] = [
  [/^\/supervision\/visits\/(?:new|\d+\/record)$/, "/supervision/visits/blank"],
  [/^\/cases\/new\/$/, "/cases/new/blank"],
];
const BLANKS = FORMS.map(([, blank]) => blank);
const PUBLIC = /^\/(?:$|(?:find|report|follow|scan|d|p|stations|deputies)(?:\/|$))/;
const GONE = [502, 503, 504]; // the server behind the one that answers is away: a report can be written all the same
const DAY = 24 * 3600 * 1000; // milliseconds

/** Fetches anew what is kept. Nothing is replaced unless all of it came. */
async function fill(wanted: string[]): Promise<void> {
  const pages = await Promise.all(wanted.map((path) => whole(path, { credentials: "omit", cache: "reload" })));
  const texts = await Promise.all(pages.map((page) => page.clone().text()));
  const paths = new Set(texts.join("\n").match(/\/static\/[^"'#?\s)]+/g));
  const files = await Promise.all([...paths].map(async (path) => [path, await whole(path, {})] as const));
  const cache = await caches.open(CACHE);
  for (const [path, file] of files) await cache.put(path, file);
  for (const [index, path] of wanted.entries()) await cache.put(path, pages[index] as Response);
}

/** The pages of this zone, and the empty forms where a deputy's page has asked for them. */
async function keepable(): Promise<string[]> {
  return (await caches.match(BLANKS[0] as string)) ? [...worker.PAGES, ...BLANKS] : worker.PAGES;
}

async function whole(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init);
  if (!response.ok || response.redirected) throw new Error(`${path}: ${response.status}`);
  return response;
}

async function page(event: Fetching, path: string): Promise<Response> {
  const instead = path === "/report" ? "/report" : "/offline";
  let response: Response;
  try {
    response = await fetch(event.request);
  } catch {
    return (await kept(instead)) ?? Response.error();
  }
  if (GONE.includes(response.status) && instead === "/report") return (await kept(instead)) ?? response;
  event.waitUntil(renew());
  return response;
}

/** The page is kept as it was on some day: categories and words change. */
async function renew(): Promise<void> {
  const made = Date.parse((await kept("/report"))?.headers.get("Date") ?? "");
  if (!(Date.now() - made < DAY)) await fill(worker.PAGES).catch(() => undefined); // the network may go at any moment: another time
}

/** A deputy's form: from the server when it answers, else the empty one, else the page that says there is no network. */
async function blankable(request: Request, blank: string): Promise<Response> {
  try {
    const response = await fetch(request);
    return GONE.includes(response.status) ? ((await kept(blank)) ?? response) : response;
  } catch {
    return (await kept(blank)) ?? (await kept("/offline")) ?? Response.error();
  }
}

async function keepBlanks(): Promise<void> {
  const made = Date.parse((await kept(BLANKS[BLANKS.length - 1] as string))?.headers.get("Date") ?? "");
  if (!(Date.now() - made < DAY)) await fill(BLANKS).catch(() => undefined);
}

/** Files named by their content never change; the others are taken from here only without a network. */
async function file(request: Request, path: string): Promise<Response> {
  const stored = await kept(path);
  if (stored && path.startsWith("/static/assets/")) return stored;
  try {
    return await fetch(request);
  } catch {
    return stored ?? Response.error();
  }
}

function kept(path: string): Promise<Response | undefined> {
  return caches.match(path, { cacheName: CACHE, ignoreVary: true });
}

worker.addEventListener("install", (event) => {
  event.waitUntil(keepable().then(fill).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  const clear = async () => {
    for (const name of await caches.keys()) if (name.startsWith("pages-") && name !== CACHE) await caches.delete(name);
    await worker.clients.claim();
  };
  event.waitUntil(clear());
});

worker.addEventListener("message", (event) => {
  if (event.data === "visits") event.waitUntil(keepBlanks());
});

worker.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (event.request.mode === "navigate") {
    const blank = FORMS.find(([path]) => path.test(pathname))?.[1];
    if (blank) event.respondWith(blankable(event.request, blank));
    else if (PUBLIC.test(pathname)) event.respondWith(page(event, pathname));
  } else if (pathname.startsWith("/static/")) {
    event.respondWith(file(event.request, pathname));
  }
});
