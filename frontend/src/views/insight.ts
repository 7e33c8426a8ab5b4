/**
 * The map of voices: one question in the address, drawn in six ways, over time, with the same as a list beside it.
 *
 * Elements: #insight[data-map-data, data-beside, data-hot, data-projects, data-around, data-county]; form #insight-form; #insight-map; what the server writes for each
 * question, #insight-caption, #insight-list, #insight-clock, #insight-bars, #insight-numbers; #insight-slider and #insight-player (see insight/player.ts);
 * #insight-picture, #insight-print, #insight-printed. JSON "insight-state": see Beside.
 */
import { ApiError } from "../api";
import { pageData } from "../data";
import { parseBounds } from "../geo";
import { type Answer, Answers, type HotSpots } from "../insight/answer";
import { AskForm, stepQuery } from "../insight/form";
import { OVER_LAYERS, Overlays, overWords } from "../insight/overlays";
import { paint, type Picture, save } from "../insight/picture";
import { Player, type Step } from "../insight/player";
import { type Ask, hot, type Lists, type Surface, SURFACES } from "../insight/surfaces";
import { type Legend, legendElement } from "../legend";
import { text } from "../linked";
import { type Hit, openMap, type PlaceMap } from "../map";
import { toast } from "../toast";

/** What stands beside the map for a question, written by the server. */
interface Beside {
  caption: string;
  counted: string;
  warning: string;
  list: string;
  clock: string;
  bars: string;
  numbers: string;
  steps: Step[];
  step: string;
  /** The level that is answered: where of the one asked for nothing is to be seen, the next below it. */
  level: string;
  lists: Lists;
}

interface State {
  steps: Step[];
  at: string | null;
  lists: Lists;
  counted: string;
  warning: string;
}

const AT_ONCE = 3; // steps asked for beside each other

class InsightMap {
  private readonly answers = new Answers();
  private readonly form: AskForm;
  private readonly player: Player;
  private map: PlaceMap | null = null;
  private overlays: Overlays | null = null;
  private legend: Legend = { title: "", entries: [] };
  private surface: Surface<never> = SURFACES.region as Surface<never>;
  private answer: Answer | HotSpots | null = null;
  private asked = 0;
  private lists: Lists;
  private counted: string;
  private warning: string;
  private region: string;

  constructor(
    private readonly page: HTMLElement,
    formElement: HTMLFormElement,
    state: State,
  ) {
    this.form = new AskForm(formElement, () => void this.changed());
    this.arrange();
    this.lists = state.lists;
    this.counted = state.counted;
    this.warning = state.warning;
    this.region = this.form.value("region");
    this.player = new Player(playerParts(), (step, passing) => this.show(step, passing));
    this.player.offer(state.steps, state.at, this.slides);
    this.connectBeside();
    this.connectPicture();
  }

  async start(element: HTMLElement): Promise<void> {
    const [map] = await Promise.all([openMap(element, { fit: this.bounds() }), this.load(this.player.current)]);
    this.map = map;
    if (!map) return;
    const { hot: hotUrl = "", projects = "", around = "" } = this.page.dataset;
    this.overlays = new Overlays(map, this.answers, { hot: hotUrl, projects, around });
    const layers = [...new Set([...OVER_LAYERS, ...Object.values(SURFACES).flatMap((surface) => surface.layers), ...hot.layers])];
    map.onFeature(layers, { hover: (hit) => this.point(hit), click: (hit) => this.choose(hit) });
    await this.draw();
  }

  // -- asking ------------------------------------------------------------------------------------------------------------------

  /** Hot spots are those of now; all else can be seen step by step. */
  private get slides(): boolean {
    return this.form.way !== "hot";
  }

  private get ask(): Ask {
    const { form, lists } = this;
    return { by: form.value("by"), level: form.value("level"), measure: form.value("measure"), breaks: form.value("breaks"), levelWord: form.words("level"), lists };
  }

  private async changed(): Promise<void> {
    this.player.pause();
    this.arrange();
    if (this.region !== this.form.value("region")) {
      this.region = this.form.value("region");
      this.map?.fit(this.bounds());
    }
    await this.show(this.player.current, false);
  }

  private arrange(): void {
    this.form.arrange();
    this.page.dataset.way = this.form.way;
  }

  private bounds() {
    const option = document.querySelector<HTMLOptionElement>(`#i-region option[value="${CSS.escape(this.form.value("region"))}"]`);
    return parseBounds(option?.dataset.bounds);
  }

  /** Shows a step of time, or all of it; passing: only the map, the rest when it stops. */
  private async show(step: Step | null, passing: boolean): Promise<void> {
    const turn = ++this.asked;
    this.map?.hideCard();
    this.page.setAttribute("aria-busy", "true");
    try {
      await Promise.all([this.load(step), passing ? undefined : this.loadBeside(step, turn)]);
      if (turn !== this.asked) return;
      if (step && this.player.current?.key !== step.key) await this.show(null, false); // that step is no longer there
      else await this.draw();
    } catch (error) {
      this.player.pause();
      if (error instanceof ApiError) toast(error.message, "late");
      else throw error;
    } finally {
      if (turn === this.asked) this.page.removeAttribute("aria-busy");
    }
  }

  private address(step: Step | null): string {
    const query = step ? stepQuery(this.form.query(), step) : this.form.query();
    query.append("part", (SURFACES[this.form.way] ?? SURFACES.region)?.parts.join(",") ?? "");
    return `${this.page.dataset.mapData}?${query}`;
  }

  private async load(step: Step | null): Promise<void> {
    const turn = this.asked;
    const [surface, answer] = this.slides
      ? [SURFACES[this.form.way] ?? SURFACES.region, await this.answers.get<Answer>(this.address(step))]
      : [hot, await this.answers.get<HotSpots>(`${this.page.dataset.hot}?${new URLSearchParams({ category: this.firstLevel(), region: this.form.value("region") })}`)];
    if (turn !== this.asked) return;
    this.surface = surface as Surface<never>;
    this.answer = answer;
  }

  /** Hot spots are worked out for one first-level category, or for all. */
  private firstLevel(): string {
    const chosen = document.querySelectorAll<HTMLInputElement>("#insight-tree > fieldset:first-child input:checked");
    return chosen.length === 1 ? (chosen[0]?.value ?? "") : "";
  }

  private async loadBeside(step: Step | null, turn: number): Promise<void> {
    const query = this.form.query();
    if (step && this.slides) query.set("at", step.key);
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    const beside = await this.answers.get<Beside>(`${this.page.dataset.beside}?${query}`);
    if (turn !== this.asked) return;
    this.lists = beside.lists;
    this.counted = beside.counted;
    this.warning = beside.warning;
    for (const part of ["list", "clock", "bars", "numbers"] as const) {
      const place = document.getElementById(`insight-${part}`);
      if (place) place.innerHTML = beside[part];
    }
    const caption = document.getElementById("insight-caption");
    if (caption) caption.textContent = beside.caption;
    this.form.set("step", beside.step);
    this.form.set("level", beside.level);
    this.player.offer(beside.steps, step?.key ?? null, this.slides);
  }

  // -- drawing -------------------------------------------------------------------------------------------------------------------

  private async draw(): Promise<void> {
    const turn = this.asked;
    const numbers = await this.numbers();
    if (!this.map || !this.answer || turn !== this.asked) return;
    this.map.showTip(null);
    const legend = this.surface.draw(this.map, this.answer as never, this.ask, numbers);
    this.legend = { ...legend, note: [legend.note, ...overWords(this.form.ticked("with"))].filter(Boolean).join("；") };
    this.map.setLegend(legendElement(this.legend));
    await this.overlays?.show(this.form.ticked("with"), !this.slides);
  }

  /** What the classes are made of: of a step, all steps together, so that a colour means the same in each of them. */
  private async numbers(): Promise<number[]> {
    const { surface, ask } = this;
    if (!this.answer || !this.player.current || !this.slides) return this.answer ? surface.numbers(this.answer as never, ask) : [];
    const all: number[] = [];
    const steps = this.player.all;
    for (let from = 0; from < steps.length; from += AT_ONCE) {
      const some = await Promise.all(steps.slice(from, from + AT_ONCE).map((step) => this.answers.get<Answer>(this.address(step))));
      for (const answer of some) all.push(...surface.numbers(answer as never, ask));
    }
    return all;
  }

  // -- map and list --------------------------------------------------------------------------------------------------------------

  private point(hit: Hit | null): void {
    if (!this.map || !this.answer) return;
    this.map.showTip(hit?.at ?? null, hit ? this.words(hit) : []);
    this.light(hit && (!isOver(hit) || !this.slides) ? idOf(hit) : null);
  }

  private words(hit: Hit): string[] {
    return isOver(hit) ? (this.overlays?.words(hit) ?? []) : this.surface.words(this.answer as never, hit, this.ask);
  }

  private light(id: string | null): void {
    if (this.map) this.surface.light(this.map, id, this.ask);
    for (const item of document.querySelectorAll<HTMLElement>("#insight-list [data-id]")) item.classList.toggle("is-lit", id !== null && item.dataset.id === id);
  }

  private choose(hit: Hit): void {
    if (!this.answer) return;
    const words = this.words(hit);
    const links = isOver(hit) ? this.overlays?.links(hit) : this.surface.links(this.answer as never, hit, this.ask);
    if (words.length) this.map?.showCard(hit.at, words, ...(links ?? []));
    const item = document.querySelector(`#insight-list [data-id="${CSS.escape(idOf(hit) ?? "")}"]`);
    item?.scrollIntoView({ block: "nearest" });
  }

  /** Rows light their place; an hour or a day of the clock narrows to it, and again widens. */
  private connectBeside(): void {
    const list = document.getElementById("insight-list");
    const lit = (event: Event) => this.light((event.target as Element).closest<HTMLElement>("[data-id]")?.dataset.id ?? null);
    list?.addEventListener("mouseover", lit);
    list?.addEventListener("focusin", lit);
    list?.addEventListener("mouseleave", () => this.light(null));
    document.getElementById("insight-clock")?.addEventListener("click", (event) => {
      const cell = (event.target as Element).closest<HTMLElement>("[data-hour], [data-weekday]");
      if (!cell) return;
      for (const name of ["hour", "weekday"] as const) {
        const value = cell.dataset[name];
        if (value !== undefined) this.form.tick(name, this.form.ticked(name).join() === value ? [] : [value]);
      }
      void this.changed();
    });
  }

  // -- pictures ------------------------------------------------------------------------------------------------------------------

  private connectPicture(): void {
    const actions = document.getElementById("insight-actions");
    if (actions) actions.hidden = false;
    const run = (id: string, act: () => Promise<void>) =>
      document.getElementById(id)?.addEventListener("click", () => void act().catch((error: unknown) => toast(error instanceof Error ? error.message : "没有办成，请再试一次。", "late")));
    run("insight-picture", async () => {
      const picture = await this.picture();
      if (!picture) return toast("这个浏览器不能显示地图，图片导不出来；可以打印列表。", "late");
      await save(paint(picture), `民情地图-${new Date().toLocaleDateString("sv-SE")}.png`);
    });
    run("insight-print", async () => {
      const picture = await this.picture();
      const printed = document.querySelector<HTMLImageElement>("#insight-printed");
      if (picture && printed) {
        printed.src = paint(picture).toDataURL("image/png");
        await printed.decode();
        printed.hidden = false;
        document.querySelector("#insight-map")?.closest(".map-frame")?.classList.add("no-print");
      }
      window.print();
    });
  }

  private async picture(): Promise<Picture | null> {
    if (!this.map || !this.answer) return null;
    const map = await this.map.picture();
    const today = new Date().toLocaleDateString("zh-CN", { year: "numeric", month: "long", day: "numeric" });
    const invented = document.querySelector(".demo-band")?.textContent?.trim() ?? "";
    const caption = [invented, this.answer.caption, this.counted, this.warning, `件数少不等于问题少：也可能是那里的人不知道怎么反映。制图日期 ${today}`];
    return { title: `${this.page.dataset.county ?? ""}民情地图`, caption: caption.filter(Boolean), legend: this.legend, map };
  }
}

function isOver(hit: Hit): boolean {
  return OVER_LAYERS.includes(hit.layer);
}

function idOf(hit: Hit): string | null {
  return text(hit.properties.code ?? hit.properties.id);
}

function part<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

function playerParts() {
  return {
    slider: part("insight-slider"),
    range: part<HTMLInputElement>("insight-at"),
    now: part<HTMLOutputElement>("insight-now"),
    player: part("insight-player"),
    play: part<HTMLButtonElement>("insight-play"),
    whole: part<HTMLButtonElement>("insight-whole"),
  };
}

const state = pageData<State>("insight-state");
const page = document.querySelector<HTMLElement>("#insight");
const form = document.querySelector<HTMLFormElement>("#insight-form");
const mapElement = document.querySelector<HTMLElement>("#insight-map");
if (state && page && form && mapElement) {
  new InsightMap(page, form, state).start(mapElement).catch((error: unknown) => toast(error instanceof Error ? error.message : "地图没有载入，请刷新页面。", "late"));
}
