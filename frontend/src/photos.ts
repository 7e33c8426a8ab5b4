/**
 * Photos on a form ([data-photos], parts/photos.html): chosen one after another, seen before they are sent, made smaller on the device,
 * removed again. The file field always holds exactly what is shown, so that the form is sent as any other.
 *
 * Without scripts it is a plain file field. After every change the field sends a `photos` event that bubbles.
 */
import { uprightExif, withExif } from "./exif";
import { icon } from "./icon";

const LONGEST = 2560; // pixels
const QUALITY = 0.85;
const PLAIN = 1.5 * 1024 * 1024; // bytes: what is smaller is sent as it is
const MEGABYTE = 1024 * 1024;
const REQUEST = 60; // MB of all photos of a form

export interface PhotoField {
  /** Of the file field. */
  name: string;
  /** What will be sent, in the order shown. */
  files(): File[];
  /** Show and send these instead: a draft's. They are taken as they are. */
  restore(files: File[]): void;
}

export function connectPhotos(root: ParentNode = document): PhotoField[] {
  return [...root.querySelectorAll<HTMLElement>("[data-photos]:not([data-connected])")].map(connect);
}

function connect(box: HTMLElement): PhotoField {
  const field = box.querySelector<HTMLInputElement>("input[type=file]");
  const list = box.querySelector<HTMLElement>(".photos");
  const status = box.querySelector<HTMLElement>("[role=status]");
  if (!field || !list || !status) throw new Error("parts/photos.html is not whole");
  box.dataset.connected = "";
  const most = Number(box.dataset.most ?? 9);
  const limit = Number(box.dataset.megabytes ?? 20);
  let kept: File[] = [];
  let waiting: File[] = []; // chosen, not yet made smaller: a form that is sent meanwhile takes them along
  let asked: Promise<void> = Promise.resolve();

  const hold = () => {
    const held = new DataTransfer();
    for (const file of [...kept, ...waiting]) held.items.add(file);
    field.files = held.files;
  };
  const show = (said = "") => {
    hold();
    for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    list.replaceChildren(...kept.map((file, index) => item(file, index, () => remove(index))));
    status.textContent = [said, kept.length ? `已选 ${kept.length} 张，最多 ${most} 张。` : ""].filter(Boolean).join(" ");
    field.dispatchEvent(new Event("photos", { bubbles: true }));
  };
  const remove = (index: number) => {
    kept = kept.filter((_, each) => each !== index);
    show();
    (list.querySelectorAll("button")[Math.min(index, kept.length - 1)] ?? field).focus();
  };
  const add = async (chosen: File[]) => {
    const problems: string[] = [];
    box.setAttribute("aria-busy", "true");
    for (const [index, file] of chosen.entries()) {
      if (kept.length >= most) {
        problems.push(`最多 ${most} 张，后面 ${chosen.length - index} 张没有加上。`);
        break;
      }
      status.textContent = `正在处理第 ${index + 1} 张…`;
      const taken = await take(file, limit, kept, field);
      waiting = waiting.filter((each) => each !== file);
      if (typeof taken === "string") problems.push(taken);
      else kept.push(taken);
    }
    waiting = waiting.filter((each) => !chosen.includes(each));
    box.removeAttribute("aria-busy");
    show(problems.join(" "));
  };
  field.addEventListener("change", () => {
    const chosen = [...(field.files ?? [])];
    waiting.push(...chosen);
    hold();
    asked = asked.then(() => add(chosen)); // one after another: a telephone has memory for one large picture
  });
  box.closest("form")?.addEventListener("reset", () => {
    kept = [];
    waiting = [];
    setTimeout(show); // after the field itself is empty
  });
  const before = [...(field.files ?? [])];
  if (before.length) void add(before);
  return {
    name: field.name,
    files: () => [...kept],
    restore: (files) => {
      kept = files.slice(0, most);
      show();
    },
  };
}

/** The photo, smaller; or what is wrong with it. */
async function take(file: File, limit: number, kept: File[], field: HTMLInputElement): Promise<File | string> {
  if (!(await isPhoto(file))) return `“${file.name}”不是照片（JPG、PNG、WebP 或 HEIC），没有加上。`;
  const smaller = await shrunk(file);
  if (smaller.size > limit * MEGABYTE) return `“${file.name}”超过 ${limit} MB，没有加上，请先缩小。`;
  if ([...kept, ...elsewhere(field)].reduce((sum, each) => sum + each.size, smaller.size) > REQUEST * MEGABYTE) return `照片加起来超过 ${REQUEST} MB，“${file.name}”没有加上。`;
  return smaller;
}

/** The files of the form's other fields: all of them are sent in one request. */
function elsewhere(field: HTMLInputElement): File[] {
  const fields = field.form?.querySelectorAll<HTMLInputElement>("input[type=file]") ?? [];
  return [...fields].filter((each) => each !== field).flatMap((each) => [...(each.files ?? [])]);
}

async function isPhoto(file: File): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  const text = String.fromCharCode(...head);
  return text.startsWith("\xff\xd8\xff") || text.startsWith("\x89PNG\r\n") || (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") || text.slice(4, 8) === "ftyp";
}

/** The photo, upright and no longer than LONGEST, with what its camera noted; as it is when it is small or this browser cannot read it. */
export async function shrunk(file: File): Promise<File> {
  if (file.size <= PLAIN && file.type === "image/jpeg") return file;
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    const paper = canvas.getContext("2d");
    if (!paper) return file;
    paper.fillStyle = "#fff"; // what is transparent
    paper.fillRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (!blob || blob.size >= file.size) return file;
    const noted = uprightExif(new Uint8Array(await file.slice(0, 256 * 1024).arrayBuffer()));
    const content = noted ? withExif(new Uint8Array(await blob.arrayBuffer()), noted) : blob;
    return new File([content], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified });
  } catch {
    return file;
  }
}

function item(file: File, index: number, remove: () => void): HTMLElement {
  const row = document.createElement("li");
  const name = document.createElement("span");
  name.className = "photo-name";
  name.textContent = file.name;
  const image = document.createElement("img");
  image.alt = `第 ${index + 1} 张：${file.name}`;
  image.addEventListener("error", () => image.replaceWith(name)); // HEIC is seen by few browsers
  image.src = URL.createObjectURL(file);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn photo-remove";
  button.setAttribute("aria-label", `去掉第 ${index + 1} 张照片`);
  button.append(icon("x"));
  button.addEventListener("click", remove);
  row.append(image, button);
  return row;
}
