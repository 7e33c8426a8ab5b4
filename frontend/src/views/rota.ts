/**
 * A month's rota: what is not saved is not lost by mistake; and it can be written without a mouse.
 *
 * Elements: #rota-form (data-unsaved: the server has filled it, nothing is saved yet) with selects in .rota-cell; #rota-say tells a
 * screen reader. Keys in a select: Enter goes to the next day, x marks a turn and, on a second one, swaps the two, q is 请假.
 */
const form = document.querySelector<HTMLFormElement>("#rota-form");
const say = document.querySelector<HTMLElement>("#rota-say");
let marked: HTMLSelectElement | null = null;
let unsaved = form?.dataset.unsaved !== undefined;

function absence(select: HTMLSelectElement): HTMLInputElement | null {
  return select.closest(".rota-cell")?.querySelector("input[type=checkbox]") ?? null;
}

function mark(select: HTMLSelectElement): void {
  if (marked === null || marked === select) {
    marked?.classList.remove("is-marked");
    marked = marked === select ? null : select;
    marked?.classList.add("is-marked");
    tell(marked ? `已选 ${select.getAttribute("aria-label")}，到另一个班次再按 x 对调` : "已取消选择");
    return;
  }
  [marked.value, select.value] = [select.value, marked.value];
  for (const cell of [marked, select]) {
    const away = absence(cell);
    if (away) away.checked = false;
    cell.classList.remove("is-marked");
  }
  tell(`已对调 ${marked.getAttribute("aria-label")} 和 ${select.getAttribute("aria-label")}`);
  marked = null;
  unsaved = true;
}

function tell(words: string): void {
  if (say) say.textContent = words;
}

/** The same place on the next day that can be written. */
function below(select: HTMLSelectElement, step: number): HTMLSelectElement | null {
  const place = select.name.split("-")[1];
  const column = [...(form?.querySelectorAll<HTMLSelectElement>(".rota-cell select") ?? [])].filter((s) => s.name.split("-")[1] === place);
  return column[column.indexOf(select) + step] ?? null;
}

form?.addEventListener("keydown", (event) => {
  const select = event.target as HTMLElement;
  if (!(select instanceof HTMLSelectElement) || !select.closest(".rota-cell") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter") below(select, event.shiftKey ? -1 : 1)?.focus();
  else if (event.key === "x") mark(select);
  else if (event.key === "q") {
    const away = absence(select);
    if (away && select.value) away.click();
  } else return;
  event.preventDefault();
});
form?.addEventListener("change", (event) => {
  if ((event.target as Element).closest(".rota-cell")) unsaved = true;
});
form?.addEventListener("submit", () => {
  unsaved = false;
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
