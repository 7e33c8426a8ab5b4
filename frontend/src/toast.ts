/** Short messages at the bottom of the page, read out by screen readers; an error stays until it is closed. */
import { icon } from "./icon";

export type Tone = "good" | "due" | "late" | "info";
const ICONS: Record<Tone, string> = { good: "circle-check", due: "clock", late: "alert-triangle", info: "info-circle" };

export function toast(message: string, tone: Tone = "info"): void {
  const box = document.createElement("div");
  box.className = `notice notice-${tone}`;
  box.setAttribute("role", tone === "late" ? "alert" : "status");
  const text = document.createElement("span");
  text.textContent = message;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn btn-ghost";
  close.setAttribute("aria-label", "关闭提示");
  close.append(icon("x"));
  close.addEventListener("click", () => box.remove());
  box.append(icon(ICONS[tone]), text, close);
  shelf().append(box);
  if (tone !== "late") setTimeout(() => box.remove(), 6000);
}

function shelf(): HTMLElement {
  const existing = document.querySelector<HTMLElement>(".toasts");
  if (existing) return existing;
  const made = document.createElement("div");
  made.className = "toasts";
  document.body.append(made);
  return made;
}
