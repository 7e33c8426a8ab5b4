/**
 * Photos of drafts, kept on this device until their draft is sent: in the browser's database, where there is room for them, and in
 * memory as long as the page is open.
 */
export interface KeptFile {
  /** Name of the file field. */
  field: string;
  file: File;
}

interface Row {
  draft: string;
  field: string;
  name: string;
  type: string;
  content: ArrayBuffer;
}

const NAME = "draft-files";
const held = new Map<string, Map<string, File[]>>();

/** Keeps these as the field's photos, instead of those before. Rejects when the device has no room; they are in memory all the same. */
export async function keepFiles(draft: string, field: string, files: File[]): Promise<void> {
  const fields = held.get(draft) ?? new Map<string, File[]>();
  held.set(draft, fields.set(field, files));
  const rows = await Promise.all(
    files.map(async (file): Promise<Row> => ({ draft, field, name: file.name, type: file.type, content: await file.arrayBuffer() })),
  );
  const stillMeant = () => held.get(draft)?.get(field) === files; // chosen anew meanwhile: the later ones are written by their own call
  await change((store, keys) => {
    if (!stillMeant()) return;
    for (const [key, row] of keys) if (row.field === field) store.delete(key);
    for (const row of rows) store.add(row);
  }, draft);
}

/** The draft's photos in the order in which they were chosen. */
export async function filesOf(draft: string): Promise<KeptFile[]> {
  const fields = held.get(draft);
  if (fields) return [...fields].flatMap(([field, files]) => files.map((file) => ({ field, file })));
  const rows = await read(draft);
  const found = rows.map(({ field, name, type, content }) => ({ field, file: new File([content], name, { type }) }));
  const mine = new Map<string, File[]>();
  for (const { field, file } of found) mine.set(field, [...(mine.get(field) ?? []), file]);
  held.set(draft, mine);
  return found;
}

export async function discardFiles(draft: string): Promise<void> {
  held.delete(draft);
  await change((store, keys) => {
    for (const [key] of keys) store.delete(key);
  }, draft);
}

/** The draft has another number now. */
export async function renameFiles(draft: string, now: string): Promise<void> {
  if (draft === now) return;
  const fields = held.get(draft);
  if (fields) held.set(now, fields);
  held.delete(draft);
  await change((store, keys) => {
    for (const [key, row] of keys) store.put({ ...row, draft: now }, key);
  }, draft);
}

function open(): Promise<IDBDatabase> | null {
  if (typeof indexedDB === "undefined") return null;
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("files", { autoIncrement: true }).createIndex("draft", "draft");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error("blocked"));
  });
}

async function read(draft: string): Promise<Row[]> {
  try {
    const database = await open();
    if (!database) return [];
    return await new Promise<Row[]>((resolve, reject) => {
      const asked = database.transaction("files").objectStore("files").index("draft").getAll(draft);
      asked.onsuccess = () => resolve(asked.result as Row[]);
      asked.onerror = () => reject(asked.error);
    }).finally(() => database.close());
  } catch {
    return []; // private windows of some browsers
  }
}

/** One transaction over a draft's rows: all of the change, or none. */
async function change(work: (store: IDBObjectStore, rows: [IDBValidKey, Row][]) => void, draft: string): Promise<void> {
  const database = await open();
  if (!database) return;
  await new Promise<void>((resolve, reject) => {
    const transaction = database.transaction("files", "readwrite");
    const rows: [IDBValidKey, Row][] = [];
    const asked = transaction.objectStore("files").index("draft").openCursor(draft);
    asked.onsuccess = () => {
      const cursor = asked.result;
      if (!cursor) return work(transaction.objectStore("files"), rows);
      rows.push([cursor.primaryKey, cursor.value as Row]);
      cursor.continue();
    };
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
    transaction.onerror = () => reject(transaction.error);
  }).finally(() => database.close());
}
