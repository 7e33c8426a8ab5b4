/**
 * A draft of districts held against the set before it.
 *
 * Elements: .turnover[data-map-url] around #turnover-map; rows tr[data-id] in #turnover-districts (a new district each); rows
 * tr[data-old][data-new] in #turnover-side (what changes from one to the other: its doorplates alone are drawn when it is chosen).
 * The address gives TurnoverData; with ?old=&new= added its changes are those of the pair.
 */
import { request } from "../api";
import { boundsOf, collection } from "../geo";
import { lightDistrict, showChanges, showTurnover, type TurnoverData, TURNOVER_LAYERS } from "../layers/turnover";
import { type Hit, openMap, type PlaceMap } from "../map";
import { toast } from "../toast";

class Review {
  constructor(
    private readonly map: PlaceMap,
    private readonly url: string,
    private readonly data: TurnoverData,
  ) {
    showTurnover(map, data);
    map.onFeature(TURNOVER_LAYERS, {
      hover: (hit) => map.showTip(hit?.at ?? null, hit ? this.words(hit) : []),
      click: (hit) => hit.properties.id !== undefined && this.district(Number(hit.properties.id), false),
    });
    this.listen("#turnover-districts", "tr[data-id]", (row) => this.district(Number(row.dataset.id), true));
    this.listen("#turnover-side", "tr[data-old]", (row) => void this.pair(row));
  }

  private listen(table: string, rows: string, choose: (row: HTMLElement) => void): void {
    const element = document.querySelector<HTMLElement>(table);
    for (const row of element?.querySelectorAll<HTMLElement>(rows) ?? []) row.tabIndex = 0;
    element?.addEventListener("click", (event) => {
      const row = (event.target as Element).closest<HTMLElement>(rows);
      if (row && !(event.target as Element).closest("a")) choose(row);
    });
    element?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target instanceof HTMLTableRowElement) choose(event.target);
    });
  }

  private district(id: number, move: boolean): void {
    const feature = this.data.new.features.find((one) => one.properties?.id === id);
    lightDistrict(this.map, id);
    for (const row of document.querySelectorAll<HTMLElement>("#turnover-districts tr[data-id]")) {
      const lit = Number(row.dataset.id) === id;
      row.classList.toggle("is-lit", lit);
      if (lit && !move) row.scrollIntoView({ block: "nearest" });
    }
    if (feature && move) {
      this.map.fit(feature, { maxZoom: 14 });
      document.querySelector("#turnover-map")?.scrollIntoView({ block: "nearest" });
    }
  }

  private async pair(row: HTMLElement): Promise<void> {
    const chosen = row.classList.contains("is-lit") ? null : row;
    for (const other of document.querySelectorAll("#turnover-side tr.is-lit")) other.classList.remove("is-lit");
    chosen?.classList.add("is-lit");
    if (!chosen) {
      showChanges(this.map, this.data.changes);
      this.map.fit();
      return;
    }
    const address = new URL(this.url, location.href);
    address.searchParams.set("old", chosen.dataset.old ?? "");
    address.searchParams.set("new", chosen.dataset.new ?? "");
    try {
      const { changes } = await request<TurnoverData>(address.pathname + address.search);
      if (!chosen.classList.contains("is-lit")) return; // another row was chosen meanwhile
      showChanges(this.map, changes);
      this.map.fit(changes, { maxZoom: 15 });
    } catch (error) {
      toast(error instanceof Error ? error.message : "没有取到这些门牌，请再试一次。", "late");
    }
  }

  private words(hit: Hit): string[] {
    if (hit.layer === "turnover-changes") return [Number(hit.properties.count) > 1 ? `这里有 ${String(hit.properties.count)} 个门牌改属` : "这个门牌改属"];
    const { name, seats, deviation } = hit.properties;
    const words = [String(name ?? "")];
    if (seats !== undefined) words.push(`${String(seats)} 个名额`);
    if (typeof deviation === "number") words.push(`每名代表的人口比平均${deviation < 0 ? "少" : "多"} ${Math.abs(deviation * 100).toFixed(0)}%`);
    return words;
  }
}

async function start(frame: HTMLElement, element: HTMLElement): Promise<void> {
  const url = frame.dataset.mapUrl ?? "";
  const [map, data] = await Promise.all([openMap(element), request<TurnoverData>(url)]);
  if (!map) return;
  map.fit(collection([...data.new.features, ...data.old.features]));
  new Review(map, url, data);
  if (!boundsOf(data.new)) toast("草案里没有带范围的选区。");
}

const frame = document.querySelector<HTMLElement>(".turnover[data-map-url]");
const element = document.querySelector<HTMLElement>("#turnover-map");
if (frame && element) {
  void start(frame, element).catch((error: unknown) => toast(error instanceof Error ? error.message : "地图没有载入，请刷新页面。", "late"));
}
