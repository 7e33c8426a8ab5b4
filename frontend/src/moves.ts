/**
 * The form of a case's moves (cases/case_actions.html), wherever it stands: words from a template, a case to merge into, photos, voice.
 *
 * Elements: [name=do] (data-must: not without words) and #id_note; select[data-fill="#id"] in a hidden .note-templates; [data-into] with
 * #id_into and #do-merge; [data-photos]; [data-voice].
 */
import { connectPhotos } from "./photos";
import { connectVoice } from "./voice";

/** Connects what is inside `root`: the page, or the part that has just been put into it. */
export function connectMoves(root: ParentNode): void {
  connectPhotos(root);
  connectVoice(root);
  for (const form of root.querySelectorAll<HTMLFormElement>(".move-form")) askForWords(form);
  for (const select of root.querySelectorAll<HTMLSelectElement>("select[data-fill]")) {
    const field = document.querySelector<HTMLTextAreaElement>(select.dataset.fill ?? "");
    if (!field) continue;
    select.closest<HTMLElement>(".note-templates")?.removeAttribute("hidden");
    select.addEventListener("change", () => {
      if (!select.value) return;
      field.value = [field.value.trim(), select.value].filter(Boolean).join("\n");
      select.value = "";
      field.focus();
    });
  }
}

/** Words are required where the chosen move needs them: nothing is confirmed before they are there (shell.ts). */
function askForWords(form: HTMLFormElement): void {
  const note = form.querySelector<HTMLTextAreaElement>("#id_note");
  const show = () => {
    if (note) note.required = form.querySelector<HTMLInputElement>("[name=do]:checked")?.dataset.must !== undefined;
  };
  form.addEventListener("change", show);
  show();
}

/** A case that is like this one is put into the form, and the move chosen; what was typed stays. */
export function connectMerging(): void {
  document.addEventListener("click", (event) => {
    const code = (event.target as Element).closest<HTMLElement>("[data-into]")?.dataset.into;
    const field = document.querySelector<HTMLInputElement>("#id_into");
    const move = document.querySelector<HTMLInputElement>("#do-merge");
    if (!code || !field || !move) return;
    field.value = code;
    move.checked = true;
    move.dispatchEvent(new Event("change", { bubbles: true }));
    const fold = move.closest("details");
    if (fold) fold.open = true;
    field.scrollIntoView({ block: "center" });
    field.focus();
  });
}
