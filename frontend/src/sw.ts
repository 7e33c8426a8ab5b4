/**
 * Works between the public pages and the network: the report page opens without one, the others say that there is none.
 *
 * Kept are the report page as a stranger gets it, without anybody's place or name, the page that says there is no network, and the
 * files both need. Every other page always comes from the server, and office pages are not touched at all. Stands alone: imports
 * nothing. The server writes `BUILD` before it, so that each build brings a new one.
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
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(kind: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(kind: "fetch", listener: (event: Fetching) => void): void;
}

const worker = self as unknown as Worker;
const CACHE = `pages-${worker.BUILD}`;
const PAGES = ["/report", "/offline"];
const PUBLIC = /^\/(?:$|(?:find|report|follow|scan|d|p|stations|deputies)(?:\/|$))/;
const GONE = [502, 503, 504]; // the server behind the one that answers is away: a report can be written all the same
const DAY = 24 * 3600 * 1000; // milliseconds

/** Fetches anew what is kept. Nothing is replaced unless all of it came. */
async function fill(): Promise<void> {
  const pages = await Promise.all(PAGES.map((path) => whole(path, { credentials: "omit", cache: "reload" })));
  const texts = await Promise.all(pages.map((page) => page.clone().text()));
  const paths = new Set(texts.join("\n").match(/\/static\/[^"'#?\s)]+/g));
  const files = await Promise.all([...paths].map(async (path) => [path, await whole(path, {})] as const));
  const cache = await caches.open(CACHE);
  for (const [path, file] of files) await cache.put(path, file);
  for (const [index, path] of PAGES.entries()) await cache.put(path, pages[index] as Response);
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
  if (!(Date.now() - made < DAY)) await fill().catch(() => undefined); // the network may go at any moment: another time
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
  event.waitUntil(fill().then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  const clear = async () => {
    for (const name of await caches.keys()) if (name.startsWith("pages-") && name !== CACHE) await caches.delete(name);
    await worker.clients.claim();
  };
  event.waitUntil(clear());
});

worker.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (event.request.mode === "navigate") {
    if (PUBLIC.test(pathname)) event.respondWith(page(event, pathname));
  } else if (pathname.startsWith("/static/")) {
    event.respondWith(file(event.request, pathname));
  }
});
