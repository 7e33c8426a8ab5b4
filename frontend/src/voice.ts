/**
 * Speaking instead of typing: [data-voice] (cases/report_voice.html) with a button and a status, shown where the browser turns speech into
 * text. What was said is put at the end of the field; nothing is recorded or kept here.
 */
interface Alternative {
  transcript: string;
}
interface Heard extends Event {
  resultIndex: number;
  results: ArrayLike<ArrayLike<Alternative> & { isFinal: boolean }>;
}
interface Recognition extends EventTarget {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  start(): void;
  stop(): void;
}

const FAILED: Record<string, string> = {
  "not-allowed": "没有得到话筒的许可。请在浏览器设置里允许，或用输入法键盘上的话筒。",
  "service-not-allowed": "这个浏览器不让网页用语音。请用输入法键盘上的话筒。",
  "audio-capture": "没有找到话筒。请直接打字。",
  network: "语音识别连不上，请用输入法键盘上的话筒，或直接打字。",
  "no-speech": "没有听到声音，请再按一次说。",
};

export function connectVoice(root: ParentNode = document): void {
  const scope = window as unknown as Record<string, (new () => Recognition) | undefined>;
  const Engine = scope.SpeechRecognition ?? scope.webkitSpeechRecognition;
  if (!Engine) return;
  for (const box of root.querySelectorAll<HTMLElement>("[data-voice]")) connect(box, Engine);
}

function connect(box: HTMLElement, Engine: new () => Recognition): void {
  const field = document.querySelector<HTMLTextAreaElement>(`#${box.dataset.voice}`);
  const button = box.querySelector("button");
  const status = box.querySelector<HTMLElement>("[role=status]");
  const label = button?.querySelector("span");
  if (!field || !button || !status || !label) return;
  const notice = status.textContent ?? "";
  const idle = label.textContent ?? "";
  let engine: Recognition | null = null;
  const ended = () => {
    engine = null;
    button.setAttribute("aria-pressed", "false");
    label.textContent = idle;
  };
  const begin = () => {
    engine = new Engine();
    Object.assign(engine, { lang: "zh-CN", continuous: true, interimResults: true });
    engine.addEventListener("result", (event) => {
      const { results, resultIndex } = event as Heard;
      const news = Array.from(results).slice(resultIndex);
      append(field, news.filter((each) => each.isFinal).map((each) => each[0]?.transcript ?? "").join(""));
      const open = news.filter((each) => !each.isFinal).map((each) => each[0]?.transcript ?? "").join("");
      status.textContent = open ? `正在听：${open}` : "正在听，说完请按“说完了”。";
    });
    engine.addEventListener("error", (event) => {
      status.textContent = FAILED[(event as Event & { error?: string }).error ?? ""] ?? notice;
    });
    engine.addEventListener("end", ended);
    button.setAttribute("aria-pressed", "true");
    label.textContent = "说完了";
    status.textContent = "正在听，说完请按“说完了”。";
    engine.start();
  };
  button.addEventListener("click", () => {
    if (!engine) return begin();
    status.textContent = notice;
    engine.stop();
  });
  box.hidden = false;
}

function append(field: HTMLTextAreaElement, words: string): void {
  if (!words) return;
  const most = field.maxLength > 0 ? field.maxLength : Number.MAX_SAFE_INTEGER;
  field.value = (field.value + words).slice(0, Math.max(most, field.value.length));
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
