/** What may be laid over any way of looking: the numbered hot spots, the key projects. Nothing is asked for before it is wanted. */
import { collection, EMPTY, pointFeature } from "../geo";
import { PROJECT_LAYERS, showProjects } from "../layers/projects";
import { showSpots, SPOT_LAYERS } from "../layers/spots";
import type { Hit, PlaceMap } from "../map";
import type { CardLink } from "../map-frame";
import type { Answers, HotSpots } from "./answer";

/** As /projects/map.json answers. */
type ProjectPoint = [lon: number, lat: number, code: string, name: string, tone: string, lag: number | null, stage: string];

export interface Sources {
  hot: string;
  projects: string;
  /** The page of what is reported around a project, with its code in place of "CODE". */
  around: string;
}

export const OVER_LAYERS = [...SPOT_LAYERS, ...PROJECT_LAYERS];

/** What the legend says of them. */
export function overWords(wanted: readonly string[]): string[] {
  return [...(wanted.includes("spots") ? ["圆圈里的数字是热点"] : []), ...(wanted.includes("projects") ? ["◆ 重点项目：绿按计划，黄略慢，红明显落后"] : [])];
}

export class Overlays {
  constructor(
    private readonly map: PlaceMap,
    private readonly answers: Answers,
    private readonly sources: Sources,
  ) {}

  /** wanted: "spots", "projects"; ownSpots: the way of looking draws them itself. */
  async show(wanted: readonly string[], ownSpots: boolean): Promise<void> {
    const [spots, points] = await Promise.all([
      wanted.includes("spots") && !ownSpots ? this.answers.get<HotSpots>(`${this.sources.hot}?category=`) : null,
      wanted.includes("projects") ? this.answers.get<{ points: ProjectPoint[] }>(this.sources.projects) : null,
    ]);
    if (!ownSpots) showSpots(this.map, spots?.spots ?? EMPTY);
    const projects = (points?.points ?? []).map(([lon, lat, code, name, tone, , stage]) => pointFeature(lon, lat, { id: code, name, tone, stage }));
    showProjects(this.map, collection(projects));
  }

  words(hit: Hit): string[] {
    const { name, words, label, stage } = hit.properties;
    return PROJECT_LAYERS.includes(hit.layer) ? [String(name ?? ""), `重点项目${stage ? `，${String(stage)}` : ""}`] : [String(name ?? ""), String(words ?? label ?? "")];
  }

  links(hit: Hit): CardLink[] {
    const { id, url } = hit.properties;
    if (!PROJECT_LAYERS.includes(hit.layer)) return url ? [{ url: String(url), label: "看这个热点" }] : [];
    return [{ url: this.sources.around.replace("CODE", encodeURIComponent(String(id))), label: "看周边诉求" }];
  }
}
