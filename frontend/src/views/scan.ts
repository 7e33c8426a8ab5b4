/**
 * Scanning the code on a door: by the camera in the page, else from a photo, else typed.
 *
 * Elements: #scan-view (hidden until the camera runs) with video#scan-video; #scan-status; buttons #scan-start, #scan-light;
 * input#scan-file; form#scan-form (GET) with its field `text`, which takes what was read and is sent.
 */
import { LARGE, prepare, readCodes, SMALL } from "../qr";

const PAUSE = 80; // milliseconds between two pictures
const SLOW = 12_000; // milliseconds without a code, then other ways are named

const LONGEST = 1000; // characters: no door's code is longer

const view = document.querySelector<HTMLElement>("#scan-view");
const video = document.querySelector<HTMLVideoElement>("#scan-video");
const start = document.querySelector<HTMLButtonElement>("#scan-start");
const light = document.querySelector<HTMLButtonElement>("#scan-light");
const file = document.querySelector<HTMLInputElement>("#scan-file");
const form = document.querySelector<HTMLFormElement>("#scan-form");
let stream: MediaStream | null = null;

function say(words: string): void {
  const status = document.querySelector("#scan-status");
  if (status) status.textContent = words;
}

/** Why there is no camera here, and what to do instead; empty when there may be one. */
function hindrance(): string {
  if ("mediaDevices" in navigator) return "";
  if (!window.isSecureContext) return "这个网址没有加密（https），浏览器不让网页用相机。请拍照或选图片，也可以输入门牌码。";
  return "这个应用里打开的网页不能用相机。请点右上角菜单“在浏览器打开”，或者拍照、选图片、输入门牌码。";
}

/** A refused or missing camera in words; by DOMException.name. */
function cameraWords(name: string): string {
  if (name === "NotAllowedError" || name === "SecurityError") return "没有得到使用相机的许可。可以在浏览器设置里打开，或者拍照、选图片、输入门牌码。";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "没有找到相机。请选一张门牌的图片，或输入门牌码。";
  if (name === "NotReadableError" || name === "AbortError") return "相机正被别的应用占用。请关掉那个应用再试，或者拍照、选图片。";
  return "相机打不开。请拍照或选图片，也可以输入门牌码。";
}

async function openCamera(): Promise<void> {
  const problem = hindrance();
  if (problem) return say(problem);
  if (!video || stream) return;
  say("正在打开相机…");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } });
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    closeCamera();
    return say(cameraWords((error as DOMException).name));
  }
  showCamera(true);
  say("把门牌上的二维码放进画面里。");
  connectLight(stream.getVideoTracks()[0]);
  await watch(stream);
}

function closeCamera(): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  if (video) video.srcObject = null;
  showCamera(false);
}

function showCamera(on: boolean): void {
  if (view) view.hidden = !on;
  if (start) start.hidden = on;
  if (light && !on) light.hidden = true;
}

/** Looks at one picture after the other until a code is read or the camera is closed. */
async function watch(watched: MediaStream): Promise<void> {
  const canvas = document.createElement("canvas");
  const slow = setTimeout(() => say("还没有读到。请靠近一点、避开反光，或者拍照、输入门牌码。"), SLOW);
  try {
    while (video && stream === watched) {
      const [text] = await readCodes(video, video.videoWidth, video.videoHeight, SMALL, canvas);
      if (text !== undefined && stream === watched) return take(text);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  } catch {
    closeCamera();
    say("识别程序没有下载成功，请检查网络后再点“打开相机”，或输入门牌码。");
  } finally {
    clearTimeout(slow);
  }
}

/** A lamp for dark stairways, where the phone lets pages switch it. */
function connectLight(track: MediaStreamTrack | undefined): void {
  const able = (track?.getCapabilities?.() as { torch?: boolean } | undefined)?.torch;
  if (!light || !track || !able) return;
  light.hidden = false;
  light.setAttribute("aria-pressed", "false");
  light.onclick = async () => {
    const on = light.getAttribute("aria-pressed") !== "true";
    await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
    light.setAttribute("aria-pressed", String(on));
  };
}

async function readFile(chosen: File): Promise<void> {
  say("正在识别图片…");
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(chosen);
  } catch {
    return say("这张图片打不开。请换一张，或截图后再选。");
  }
  try {
    for (const most of [SMALL, LARGE]) {
      const [text] = await readCodes(picture, picture.width, picture.height, most);
      if (text !== undefined) return take(text);
    }
    say("图片里没有找到二维码。请靠近门牌、放平、避开反光再拍一张，或输入门牌码。");
  } catch {
    say("识别程序没有下载成功，请检查网络后再试，或输入门牌码。");
  } finally {
    picture.close();
  }
}

/** What was read goes to our server, which knows whose code it is; nothing that a code says is opened from here. */
function take(text: string): void {
  closeCamera();
  navigator.vibrate?.(60);
  say("已读到，正在打开…");
  const field = form?.querySelector<HTMLInputElement>("[name=text]");
  if (!form || !field) return;
  field.value = text.slice(0, LONGEST);
  form.submit();
}

prepare();
start?.addEventListener("click", () => void openCamera());
file?.addEventListener("change", () => {
  const chosen = file.files?.[0];
  if (chosen) void readFile(chosen);
  file.value = "";
});
let resumed = false;
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") {
    resumed = stream !== null;
    closeCamera();
  } else if (resumed) void openCamera();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) void openCamera();
});
void openCamera();
