/** The slider over the steps of time: one step, or the whole period; plays through them. Arrow keys work as in any slider. */
import { icon } from "../icon";

export interface Step {
  /** "2026-03" or the first day of a week. */
  key: string;
  words: string;
  since: string;
  until: string;
  n: number;
}

const PACE = 1100; // ms a step is seen
const SETTLE = 250; // ms after the last move of the slider

interface Parts {
  slider: HTMLElement;
  range: HTMLInputElement;
  now: HTMLOutputElement;
  player: HTMLElement;
  play: HTMLButtonElement;
  whole: HTMLButtonElement;
}

export class Player {
  private steps: Step[] = [];
  private place = -1;
  private playing = false;
  private settling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly parts: Parts,
    /** Shows a step, null: the whole period; done when it is seen. `passing`: others follow at once. */
    private readonly show: (step: Step | null, passing: boolean) => Promise<void>,
  ) {
    parts.range.addEventListener("input", () => {
      this.pause();
      this.go(Number(parts.range.value));
      clearTimeout(this.settling);
      this.settling = setTimeout(() => void this.show(this.current, false), SETTLE);
    });
    parts.play.addEventListener("click", () => (this.playing ? this.stop() : void this.start()));
    parts.whole.addEventListener("click", () => {
      this.pause();
      this.go(-1);
      void this.show(null, false);
    });
  }

  get current(): Step | null {
    return this.steps[this.place] ?? null;
  }

  get all(): readonly Step[] {
    return this.steps;
  }

  /** Other steps: the same one stays chosen where it is still there. Without steps there is nothing to slide over. */
  offer(steps: Step[], key: string | null, possible: boolean): void {
    const { slider, player, range } = this.parts;
    this.steps = steps;
    slider.hidden = player.hidden = !possible || steps.length < 2;
    range.max = String(Math.max(0, steps.length - 1));
    slider.style.setProperty("--steps", String(Math.max(1, steps.length)));
    this.go(steps.findIndex((step) => step.key === key));
  }

  pause(): void {
    this.playing = false;
    this.label();
  }

  private go(place: number): void {
    const { range, now, whole } = this.parts;
    this.place = place;
    range.value = String(place < 0 ? this.steps.length - 1 : place);
    const words = this.current ? `${this.current.words}：${this.current.n} 件` : "全时段";
    now.value = words;
    range.setAttribute("aria-valuetext", words);
    whole.disabled = place < 0;
    for (const [index, bar] of document.querySelectorAll("#insight-bars [data-step]").entries()) bar.classList.toggle("is-now", index === place);
  }

  private stop(): void {
    this.pause();
    void this.show(this.current, false);
  }

  private async start(): Promise<void> {
    this.playing = true;
    this.label();
    if (this.place >= this.steps.length - 1) this.place = -1;
    while (this.playing && this.place < this.steps.length - 1) {
      this.go(this.place + 1);
      const last = this.place === this.steps.length - 1;
      const seen = Date.now();
      await this.show(this.current, !last);
      if (!last) await new Promise((resolve) => setTimeout(resolve, Math.max(100, PACE - (Date.now() - seen))));
    }
    this.pause();
  }

  private label(): void {
    const { play } = this.parts;
    const words = document.createElement("span");
    words.textContent = this.playing ? "暂停" : "播放";
    play.replaceChildren(icon(this.playing ? "player-pause" : "player-play"), words);
  }
}
