/** What a deputy's own device knows for where there is no network: his topics and planned visits, with the sheet and site of each. */
import { request } from "./api";
import { rememberWriter, writer } from "./drafts";

export interface KnownTopic {
  id: number;
  code: string;
  title: string;
  site: [number, number];
  sheet: number | null;
}

export interface Known {
  topics: KnownTopic[];
  visits: { id: number; topic: number; name: string }[];
}

const EVERY = 10 * 60 * 1000; // milliseconds
const key = (user: string) => `known:${user}`;

/** Asks the server for it, now and then. Never throws: without it the form opens all the same. */
export async function learn(user: string, path: string): Promise<void> {
  rememberWriter(user);
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith("known:") && name !== key(user)) localStorage.removeItem(name);
    const had = JSON.parse(localStorage.getItem(key(user)) ?? "null") as { at: number } | null;
    if (had && Date.now() - had.at < EVERY) return;
    localStorage.setItem(key(user), JSON.stringify({ at: Date.now(), ...(await request<Known>(path)) }));
  } catch {
    // no network, or no room
  }
}

export function known(): Known {
  try {
    const kept = JSON.parse(localStorage.getItem(key(writer())) ?? "null") as Known | null;
    return { topics: kept?.topics ?? [], visits: kept?.visits ?? [] };
  } catch {
    return { topics: [], visits: [] };
  }
}
