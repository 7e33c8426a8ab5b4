/** The form of the map of voices: which fields have an effect, the tree of categories, and what is asked as an address. */

/** Defaults that need not stand in the address. */
const USUAL: Record<string, string> = { by: "region", level: "town", measure: "per_1000", period: "365", state: "all", size: "500" };

export class AskForm {
  /** Months or weeks: the server chooses as the period is long, until somebody has chosen. */
  private stepChosen = new URLSearchParams(location.search).has("step");

  /** Compared only because a difference was asked for: looked at in another way, no longer. */
  private comparedForIt = false;

  /** Fields of the form may stand anywhere on the page. */
  constructor(
    private readonly form: HTMLFormElement,
    changed: () => void,
  ) {
    document.addEventListener("change", ({ target }) => {
      if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement) || target.form !== form) return;
      if (target instanceof HTMLInputElement && target.name === "category") this.followTree(target);
      if (target.name === "step") this.stepChosen = true;
      if (target.name === "compare") this.comparedForIt = false;
      changed();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      changed();
    });
  }

  /** The way of looking; of the difference map by cells "change.cell". */
  get way(): string {
    const by = this.value("by");
    return by === "change" && this.value("over") === "cell" ? "change.cell" : by;
  }

  value(name: string): string {
    const field = this.form.elements.namedItem(name);
    return field instanceof RadioNodeList || field instanceof HTMLSelectElement || field instanceof HTMLInputElement ? field.value : "";
  }

  /** The words of what is chosen in a select. */
  words(name: string): string {
    const field = this.form.elements.namedItem(name);
    return field instanceof HTMLSelectElement ? (field.selectedOptions[0]?.text ?? "") : "";
  }

  set(name: string, value: string): void {
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLSelectElement || field instanceof HTMLInputElement || field instanceof RadioNodeList) field.value = value;
  }

  /** Ticks exactly these of a group of boxes. */
  tick(name: string, values: readonly string[]): void {
    for (const box of this.boxes(name)) box.checked = values.includes(box.value);
  }

  ticked(name: string): string[] {
    return this.boxes(name).filter((box) => box.checked).map((box) => box.value);
  }

  private boxes(name: string): HTMLInputElement[] {
    return [...this.form.elements].filter((each): each is HTMLInputElement => each instanceof HTMLInputElement && each.name === name);
  }

  /** Fields without an effect are put away; a difference needs something to differ from. */
  arrange(): void {
    const differs = this.value("by") === "change";
    if (differs && this.value("compare") === "") {
      this.set("compare", "before");
      this.comparedForIt = true;
    } else if (!differs && this.comparedForIt) {
      this.set("compare", "");
      this.comparedForIt = false;
    }
    for (const part of this.form.querySelectorAll<HTMLElement>("[data-for], [data-if]")) {
      const { for: ways, if: name, value } = part.dataset;
      part.hidden = (ways !== undefined && !ways.split(" ").includes(this.way)) || (name !== undefined && this.value(name) !== value);
      for (const field of part.querySelectorAll<HTMLInputElement>("input")) field.disabled = part.hidden;
    }
  }

  /** What is asked, without what is usual; of the categories only the lowest that are chosen. */
  query(): URLSearchParams {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value !== "string" || name === "category" || value === "" || (USUAL[name] === value && name !== "period")) continue;
      if (name !== "step" || this.stepChosen) query.append(name, value);
    }
    if (query.get("period") === USUAL.period) query.delete("period");
    for (const code of this.lowest()) query.append("category", code);
    return query;
  }

  private lowest(): string[] {
    const chosen = this.boxes("category").filter((box) => box.checked);
    const parents = new Set(chosen.map((box) => box.dataset.parent));
    return chosen.filter((box) => !parents.has(box.value)).map((box) => box.value);
  }

  /** What lies under a chosen category can be chosen too; under one that no longer is, nothing is. */
  private followTree(box: HTMLInputElement): void {
    const under = this.form.querySelector<HTMLElement>(`[data-under="${CSS.escape(box.value)}"]`);
    if (!under) return;
    under.hidden = !box.checked;
    if (box.checked) return;
    for (const child of under.querySelectorAll<HTMLInputElement>("input:checked")) {
      child.checked = false;
      this.followTree(child);
    }
  }
}

/** The address of one step of time: the same question over these days. */
export function stepQuery(query: URLSearchParams, step: { since: string; until: string }): URLSearchParams {
  const one = new URLSearchParams(query);
  one.delete("period");
  one.set("since", step.since);
  one.set("until", step.until);
  return one;
}
