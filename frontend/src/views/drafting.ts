/**
 * Drafting a run: the map follows what is ticked, the numbers follow the preset until somebody wants his own.
 *
 * Elements: form#drafting[data-marks]; #draft-map; input[name=preset][data-numbers] (JSON by field name), #own-numbers and the
 * fields #rule-NAME. The lists themselves are htmx's.
 */
import { bytes } from "../api";
import { boundsOf, collection, pointFeature } from "../geo";
import { readRun, showRun } from "../layers/pairs";
import { symbolKey } from "../layers/places";
import { openMap, type PlaceMap } from "../map";

function connectNumbers(form: HTMLFormElement): void {
  const own = form.querySelector<HTMLInputElement>("#own-numbers");
  form.addEventListener("input", (event) => {
    const field = event.target as HTMLInputElement;
    if (own && field.id.startsWith("rule-")) own.checked = true;
    if (field.name === "preset" && own && !own.checked) fill(form, field);
  });
  own?.addEventListener("change", () => {
    const preset = form.querySelector<HTMLInputElement>("[name=preset]:checked");
    if (!own.checked && preset) fill(form, preset);
  });
}

function fill(form: HTMLFormElement, preset: HTMLInputElement): void {
  const numbers = JSON.parse(preset.dataset.numbers ?? "{}") as Record<string, unknown>;
  for (const [name, value] of Object.entries(numbers)) {
    const field = form.querySelector<HTMLInputElement | HTMLSelectElement>(`#rule-${CSS.escape(name)}`);
    if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = value === true;
    else if (field) field.value = value === null ? "" : String(value);
  }
}

class DraftMap {
  private asked = 0;

  constructor(
    private readonly map: PlaceMap,
    private readonly form: HTMLFormElement,
  ) {}

  /** Shows what is ticked now; an answer that another has overtaken is dropped. */
  async show(first: boolean): Promise<void> {
    const asked = ++this.asked;
    const body = await bytes(this.form.dataset.marks ?? "", new FormData(this.form)).catch(() => null);
    if (!body || asked !== this.asked) return;
    const run = readRun(body);
    showRun(this.map, run);
    if (!first) return;
    this.map.fit(boundsOf(collection([...run.topics, ...run.places].map(({ at }) => pointFeature(...at)))), { padding: 36 });
    const kinds = run.places.map(({ at, kind }) => pointFeature(...at, { kind }));
    symbolKey(document.querySelector("#draft-map")?.parentElement ?? null, collection(kinds), collection([pointFeature(0, 0, { kind: "topic" })]));
  }
}

async function start(form: HTMLFormElement, element: HTMLElement): Promise<void> {
  const map = await openMap(element);
  if (!map) return;
  const shown = new DraftMap(map, form);
  form.addEventListener("htmx:afterSettle", () => void shown.show(false));
  await shown.show(true);
}

const form = document.querySelector<HTMLFormElement>("#drafting");
const element = document.querySelector<HTMLElement>("#draft-map");
if (form) connectNumbers(form);
if (form && element) void start(form, element);
