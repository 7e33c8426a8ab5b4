/**
 * Choosing who takes part in an inspection: found by name, ticked ones first; the leader is one of them.
 *
 * Elements: #find-people (hidden without scripts) with #people-filter; #id_deputies with labels; #id_leader; #picked (status).
 */
const list = document.querySelector<HTMLElement>("#id_deputies");
const filter = document.querySelector<HTMLInputElement>("#people-filter");
const leader = document.querySelector<HTMLSelectElement>("#id_leader");
const picked = document.querySelector<HTMLElement>("#picked");

if (list && filter) {
  const rows = [...list.querySelectorAll<HTMLLabelElement>("label")];
  const everybody = leader ? [...leader.options] : [];
  const box = (row: HTMLLabelElement) => row.querySelector<HTMLInputElement>("input");
  const show = () => {
    const words = filter.value.trim().split(/\s+/);
    for (const row of rows) row.hidden = !box(row)?.checked && !words.every((word) => row.textContent?.includes(word));
  };
  const count = () => {
    const ticked = new Set(rows.filter((row) => box(row)?.checked).map((row) => box(row)?.value));
    if (picked) picked.textContent = `已选 ${ticked.size} 人`;
    leader?.replaceChildren(...everybody.filter((option) => option.value === "" || ticked.has(option.value) || option.selected));
  };
  const first = () => list.append(...[...rows].sort((a, b) => Number(box(b)?.checked) - Number(box(a)?.checked)));
  document.querySelector("#find-people")?.removeAttribute("hidden");
  filter.addEventListener("input", show);
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // the form is not sent by looking for a name
  });
  list.addEventListener("change", count);
  first();
  count();
}
