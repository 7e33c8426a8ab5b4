/**
 * The only file that knows MapLibre. `openMap` makes a map in an element on our own ground: no glyph files, no sprite, no
 * outside tiles. What it shows must also stand on the page as a list: where WebGL 2 is missing the map says so and
 * `openMap` returns null.
 */
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import * as maplibre from "maplibre-gl";
import type { FeatureCollection } from "geojson";
import { mapConfig, tileUrl } from "./data";
import { type Bounds, EMPTY, parseBounds, type Shape } from "./geo";
import { baseLayers, palette, type Palette } from "./layers/areas";
import { asBounds, canDraw, type CardLink, cardLinks, CHINESE, paragraphs, showMissing, union, widen } from "./map-frame";
import { drawHatch, drawSymbol } from "./symbols";

export type LayerSpec = maplibre.LayerSpecification;
export type LonLat = [number, number];

/** A thing on the map under the pointer: its layer, its properties, and where it was touched. */
export interface Hit {
  layer: string;
  properties: Record<string, unknown>;
  at: LonLat;
}

export interface MapOptions {
  /** What to show first; the county when left out. */
  fit?: Shape | Bounds | null;
  /** Page scrolling wins over map zooming with one finger or the wheel (default); false on pages that are all map. */
  cooperative?: boolean;
}

const FINGER = 14; // px around a tap that still count as a hit

maplibre.setWorkerUrl(workerUrl);

/** Makes the map and waits until its ground is drawn enough to add layers. Null where the browser cannot draw maps. */
export async function openMap(element: HTMLElement, options: MapOptions = {}): Promise<PlaceMap | null> {
  if (!canDraw()) {
    showMissing(element);
    return null;
  }
  const map = new PlaceMap(element, options);
  await map.loaded;
  element.querySelector(".map-loading")?.remove();
  return map;
}

export class PlaceMap {
  readonly loaded: Promise<void>;
  readonly colours: Palette;
  private readonly map: maplibre.Map;
  private readonly home: Bounds | null;
  private waiting: (() => void)[] = [];
  private ready = false;
  private tip: maplibre.Popup | null = null;
  private card: maplibre.Popup | null = null;
  private failedTiles = 0;

  constructor(
    private readonly element: HTMLElement,
    options: MapOptions,
  ) {
    const config = mapConfig();
    this.home = parseBounds(element.dataset.bounds) ?? config.bounds ?? null;
    this.colours = palette(document.documentElement.dataset.bsTheme === "dark");
    const first = asBounds(options.fit) ?? this.home;
    this.map = new maplibre.Map({
      container: element,
      style: {
        version: 8,
        sources: {
          area: {
            type: "vector",
            tiles: [tileUrl("area", location.origin, config.versions)],
            maxzoom: 14,
            ...(this.home ? { bounds: this.home } : {}),
          },
        },
        layers: baseLayers(this.colours),
      },
      ...(first ? { bounds: first, fitBoundsOptions: { padding: 36, maxZoom: 14 } } : { center: [120, 29], zoom: 8 }),
      minZoom: 6,
      maxZoom: 19,
      ...(this.home ? { maxBounds: union(widen(this.home, 1.2), first && widen(first, 0.2)) } : {}),
      attributionControl: false,
      cooperativeGestures: options.cooperative ?? true,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      // Without it a printed page has an empty map; phones, which rarely print, are spared the cost.
      canvasContextAttributes: { preserveDrawingBuffer: window.matchMedia("(pointer: fine)").matches },
      locale: CHINESE,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibre.ScaleControl({ maxWidth: 90 }), "bottom-right");
    this.loaded = new Promise((resolve) => {
      this.map.on("style.load", () => {
        this.ready = true;
        this.flush();
        resolve();
      });
    });
    this.listen();
  }

  private listen(): void {
    const { map, element } = this;
    map.setMissingStyleImageResolver((id) => this.addImage(id));
    map.on("error", (event) => this.onError(event));
    map.on("webglcontextlost", () => {
      this.ready = false;
    });
    map.on("idle", () => {
      element.dataset.state = "ready";
    });
    map.getCanvas().setAttribute("aria-label", element.dataset.label ?? "地图");
    new ResizeObserver(() => map.resize()).observe(element);
  }

  /** When the graphics context is lost there is no style until MapLibre has put it back: changes wait for it. */
  private change(step: () => void): void {
    if (this.ready) step();
    else this.waiting.push(step);
  }

  private flush(): void {
    const steps = this.waiting;
    this.waiting = [];
    for (const step of steps) step();
  }

  private addImage(id: string): void {
    if (this.map.hasImage(id)) return;
    const image = id === "hatch" ? drawHatch(this.colours.hatch) : drawSymbol(id);
    if (image) this.map.addImage(id, image, { pixelRatio: 2 });
  }

  /** A tile that does not come is no reason to fail: after a few, a note offers to try again. */
  private onError(event: maplibre.ErrorEvent): void {
    if (!("sourceId" in event) && !("tile" in event)) {
      this.element.dataset.lastError = String(event.error?.message ?? event.error);
      return;
    }
    this.failedTiles += 1;
    if (this.failedTiles >= 3) this.offerReload();
  }

  private offerReload(): void {
    if (this.element.querySelector(".map-notice")) return;
    const note = document.createElement("div");
    note.className = "map-notice";
    note.setAttribute("role", "status");
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn";
    again.textContent = "再试一次";
    again.addEventListener("click", () => {
      note.remove();
      this.failedTiles = 0;
      this.reloadTiles();
    });
    note.append("部分地图没有载入", again);
    this.element.append(note);
  }

  private reloadTiles(): void {
    for (const id of Object.keys(this.map.getStyle().sources)) {
      const source = this.map.getSource(id);
      if (source instanceof maplibre.VectorTileSource) source.setTiles([...(source.tiles ?? [])]);
    }
  }

  /** Adds or replaces a source of features. */
  setData(id: string, data: FeatureCollection | null | undefined): void {
    const next = data ?? EMPTY;
    this.change(() => {
      const source = this.map.getSource(id);
      if (source instanceof maplibre.GeoJSONSource) void source.setData(next);
      else this.map.addSource(id, { type: "geojson", data: next });
    });
  }

  /** One of our own tile layers (see data.ts) as a source of the same name. */
  addTiles(layer: string, zooms: { minzoom?: number; maxzoom?: number } = {}): void {
    this.change(() => {
      if (this.map.getSource(layer)) return;
      this.map.addSource(layer, {
        type: "vector",
        tiles: [tileUrl(layer, location.origin, mapConfig().versions)],
        maxzoom: 14,
        ...zooms,
        ...(this.home ? { bounds: this.home } : {}),
      });
    });
  }

  /** Adds a layer, or gives the one of the same id its new look. `below`: a layer id it goes under when it is added. */
  addLayer(layer: LayerSpec, below?: string): void {
    this.change(() => {
      if (this.map.getLayer(layer.id)) this.restyle(layer);
      else this.map.addLayer(layer, below && this.map.getLayer(below) ? below : undefined);
    });
  }

  /** In place: symbols that are taken away and added again at once make MapLibre fail while it is placing the old ones. */
  private restyle(layer: LayerSpec): void {
    if ("filter" in layer) this.map.setFilter(layer.id, layer.filter);
    for (const [name, value] of Object.entries(layer.paint ?? {})) this.map.setPaintProperty(layer.id, name as never, value as never);
    for (const [name, value] of Object.entries(layer.layout ?? {})) this.map.setLayoutProperty(layer.id, name as never, value as never);
  }

  removeLayer(id: string): void {
    this.change(() => {
      if (this.map.getLayer(id)) this.map.removeLayer(id);
    });
  }

  setPaint(layer: string, values: Record<string, unknown>): void {
    this.change(() => {
      if (!this.map.getLayer(layer)) return;
      for (const [name, value] of Object.entries(values)) {
        this.map.setPaintProperty(layer, name as never, value as never);
      }
    });
  }

  /** Moves the view so that all of it is seen; without an argument back to the county. */
  fit(what?: Shape | Bounds | null, limits: { maxZoom?: number; padding?: number } = {}): void {
    const bounds = asBounds(what) ?? this.home;
    if (!bounds) return;
    const animate = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map.fitBounds(bounds, { padding: limits.padding ?? 48, maxZoom: limits.maxZoom ?? 14, animate, duration: 500 });
  }

  /** The bounds in sight, each time a person has moved the map; not when a script did. */
  onMoved(callback: (bounds: Bounds) => void): void {
    this.map.on("moveend", (event) => {
      if (!("originalEvent" in event) || !event.originalEvent) return;
      const [[west, south], [east, north]] = this.map.getBounds().toArray();
      callback([west, south, east, north]);
    });
  }

  /** Any tap or click, and Enter with the map focused (the place in the middle). */
  onTap(callback: (at: LonLat) => void): void {
    this.map.on("click", ({ lngLat }) => callback([lngLat.lng, lngLat.lat]));
    this.map.getCanvas().addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      const middle = this.map.getCenter();
      callback([middle.lng, middle.lat]);
    });
    this.map.getCanvas().style.cursor = "crosshair";
  }

  /** What lies under the pointer in these layers. `hover` gets null when it leaves. */
  onFeature(layers: string[], on: { click?: (hit: Hit) => void; hover?: (hit: Hit | null) => void }): void {
    if (on.click) {
      const click = on.click;
      this.map.on("click", (event) => {
        const hit = this.hitAt(event.point, event.lngLat, layers, FINGER);
        if (hit) click(hit);
      });
    }
    this.map.on("mousemove", (event) => {
      const hit = this.hitAt(event.point, event.lngLat, layers, 3);
      this.map.getCanvas().style.cursor = hit && on.click ? "pointer" : "";
      on.hover?.(hit);
    });
    this.map.on("mouseout", () => on.hover?.(null));
  }

  private hitAt(point: maplibre.Point, at: maplibre.LngLat, layers: string[], reach: number): Hit | null {
    if (!this.ready) return null;
    const there = layers.filter((id) => this.map.getLayer(id));
    if (there.length === 0) return null;
    const exact = this.map.queryRenderedFeatures(point, { layers: there });
    const near = exact.length
      ? exact
      : this.map.queryRenderedFeatures([[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]], { layers: there });
    const found = near[0];
    return found ? { layer: found.layer.id, properties: found.properties, at: [at.lng, at.lat] } : null;
  }

  /** A pin that can be dragged. Returns the function that moves it. */
  addPin(at: LonLat, onMove?: (at: LonLat) => void): (to: LonLat) => void {
    const marker = new maplibre.Marker({ color: "#b3261e", draggable: onMove !== undefined, scale: 1.15 });
    marker.setLngLat(at).addTo(this.map);
    if (onMove) {
      marker.on("dragend", () => {
        const { lng, lat } = marker.getLngLat();
        onMove([lng, lat]);
      });
    }
    return (to) => void marker.setLngLat(to);
  }

  /**
   * A knob to pull at, by mouse or finger. `drag` while it is pulled; `drop` where it was let go, with what lies there in these
   * layers, each thing once; the knob is then back at its place. Returns what takes it away.
   */
  addKnob(at: LonLat, label: string, layers: string[], on: { drag: (at: LonLat) => void; drop: (at: LonLat, hits: Hit[]) => void }): () => void {
    const knob = document.createElement("div");
    knob.className = "map-knob";
    knob.title = label;
    const marker = new maplibre.Marker({ element: knob, draggable: true }).setLngLat(at).addTo(this.map);
    const place = (): LonLat => [marker.getLngLat().lng, marker.getLngLat().lat];
    marker.on("drag", () => on.drag(place()));
    marker.on("dragend", () => {
      const where = place();
      marker.setLngLat(at);
      on.drop(where, this.hitsAt(where, layers, FINGER));
    });
    return () => void marker.remove();
  }

  private hitsAt(at: LonLat, layers: string[], reach: number): Hit[] {
    const there = layers.filter((id) => this.map.getLayer(id));
    if (!this.ready || there.length === 0) return [];
    const { x, y } = this.map.project(at);
    const found = this.map.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]], { layers: there });
    const once = new Map(found.map((feature) => [`${feature.source} ${String(feature.properties.id)}`, feature]));
    return [...once.values()].map((feature) => ({ layer: feature.layer.id, properties: feature.properties, at }));
  }

  /** A line of text beside the pointer; null takes it away. */
  showTip(at: LonLat | null, lines: string[] = []): void {
    if (!at) {
      this.tip?.remove();
      this.tip = null;
      return;
    }
    this.tip ??= new maplibre.Popup({ closeButton: false, closeOnClick: false, className: "map-tip", offset: 10, maxWidth: "280px" });
    this.tip.setLngLat(at).setDOMContent(paragraphs(lines)).addTo(this.map);
  }

  /** A small card at a place that stays until closed, with links to where more is. */
  showCard(at: LonLat, lines: string[], ...links: (CardLink | undefined)[]): void {
    this.showTip(null);
    const body = paragraphs(lines);
    const given = links.filter((link) => link !== undefined);
    if (given.length) body.append(cardLinks(given));
    this.card?.remove();
    this.card = new maplibre.Popup({ offset: 12, maxWidth: "300px", focusAfterOpen: false });
    this.card.setLngLat(at).setDOMContent(body).addTo(this.map);
  }

  hideCard(): void {
    this.card?.remove();
    this.card = null;
  }

  /** A painted canvas laid over these bounds, its upper edge to the north; replaces the one of the same id. */
  showPainted(id: string, canvas: HTMLCanvasElement, [west, south, east, north]: Bounds, below?: string): void {
    this.removeLayer(id);
    this.change(() => {
      if (this.map.getSource(id)) this.map.removeSource(id);
      const corners: [LonLat, LonLat, LonLat, LonLat] = [[west, north], [east, north], [east, south], [west, south]];
      this.map.addSource(id, { type: "canvas", canvas, coordinates: corners, animate: false });
    });
    this.addLayer({ id, type: "raster", source: id, paint: { "raster-fade-duration": 0 } }, below);
  }

  /** What the map shows now, as pixels, and how many metres on the ground one of them is; without tips and controls. */
  picture(): Promise<{ canvas: HTMLCanvasElement; metresPerPixel: number }> {
    return new Promise((resolve) => {
      this.map.once("render", () => {
        const shown = this.map.getCanvas();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [shown.width, shown.height];
        canvas.getContext("2d")?.drawImage(shown, 0, 0);
        resolve({ canvas, metresPerPixel: this.metresAcross() / shown.width });
      });
      this.map.triggerRepaint();
    });
  }

  private metresAcross(): number {
    const { clientWidth: width, clientHeight: height } = this.map.getCanvas();
    return this.map.unproject([0, height / 2]).distanceTo(this.map.unproject([width, height / 2]));
  }

  /** Puts a legend over the map's lower left corner, under the map where that would hide too much; replaces the one before. */
  setLegend(legend: HTMLElement | null): void {
    const frame = this.element.closest<HTMLElement>(".map-frame") ?? this.element;
    frame.querySelector(".map-legend")?.remove();
    if (legend) (this.element.clientWidth < 560 ? frame : this.element).append(legend);
  }
}
