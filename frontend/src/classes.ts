/** Numbers into classes and colours for choropleth maps. Pure, so that it can be checked by hand. */

/** Light to dark, perceptually even, for complaints. */
export const HEAT = ["#fdeec4", "#fbc877", "#f39344", "#d9552b", "#9c2218"] as const;
/** Less ← neutral → more. */
const DIVERGING = ["#2a6fb0", "#93bbdd", "#ecebe8", "#eca06d", "#b8431d"] as const;
const CHANGE_BREAKS = [-25, -5, 5, 25] as const;

export interface Classes {
  /** Upper limits of all classes but the last; a value equal to a limit is in the class above it. */
  breaks: number[];
  colours: string[];
  /** One per class, in words: "3–7", "12 以上". */
  labels: string[];
}

/** A class starts at least so much above where the one before it starts, as a share. */
const APART = 0.1;

/**
 * Quantile classes, at most as many as there are colours. Equal values never fall into different classes, so fewer
 * distinct values give fewer classes. Returns no class for no values.
 *
 * Colours must not make a difference that the values do not make: a class starts at least 10% above the one before it, and
 * the whole ramp, with as many classes as colours, is for a largest value at least twice the smallest. Nearer values get a
 * part of the ramp around its middle: a quarter more two neighbouring colours, half more three; an eighth or less is one class.
 */
export function quantileClasses(values: readonly number[], colours: readonly string[] = HEAT, digits = 0): Classes {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return { breaks: [], colours: [], labels: [] };
  const first = sorted[0] as number;
  const last = sorted.at(-1) as number;
  const ramp = partOf(colours, first, last);
  const wanted = Math.min(ramp.length, new Set(sorted).size);
  const breaks: number[] = [];
  for (let step = 1; step < wanted; step++) {
    const quantile = sorted[Math.floor((step * sorted.length) / wanted)] as number;
    const before = breaks.at(-1) ?? first;
    const limit = sorted.find((value) => value >= quantile && value > before && value >= before * (1 + APART));
    if (limit !== undefined) breaks.push(limit);
  }
  return { breaks, colours: spread(ramp, breaks.length + 1), labels: rangeLabels(first, breaks, last, digits) };
}

/**
 * Natural breaks: the classes inside which values lie closest together (Fisher's optimum: the least sum of squared deviations
 * from the classes' means, found exactly). The same rules as for quantiles keep hardly different values in one class.
 */
export function naturalClasses(values: readonly number[], colours: readonly string[] = HEAT, digits = 0): Classes {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return { breaks: [], colours: [], labels: [] };
  const first = sorted[0] as number;
  const last = sorted.at(-1) as number;
  const ramp = partOf(colours, first, last);
  const breaks: number[] = [];
  for (const limit of fisherStarts(sorted, ramp.length)) {
    const before = breaks.at(-1) ?? first;
    if (limit > before && limit >= before * (1 + APART)) breaks.push(limit);
  }
  return { breaks, colours: spread(ramp, breaks.length + 1), labels: rangeLabels(first, breaks, last, digits) };
}

/** Where the classes after the first begin, at most `most` classes; equal values are one item with their number as weight. */
function fisherStarts(sorted: readonly number[], most: number): number[] {
  const distinct = [...new Set(sorted)];
  const count = distinct.length;
  const classes = Math.min(most, count);
  const sums = prefixSums(sorted, distinct);
  const spreadOf = (from: number, to: number) => {
    const n = (sums.n[to] as number) - (sums.n[from] as number);
    const x = (sums.x[to] as number) - (sums.x[from] as number);
    return (sums.xx[to] as number) - (sums.xx[from] as number) - (x * x) / n;
  };
  let cost = Array.from({ length: count + 1 }, (_, to) => (to === 0 ? 0 : spreadOf(0, to)));
  const cuts: number[][] = [];
  for (let step = 1; step < classes; step++) {
    const next = new Array<number>(count + 1).fill(Infinity);
    const cut = new Array<number>(count + 1).fill(0);
    for (let to = step + 1; to <= count; to++) {
      for (let from = step; from < to; from++) {
        const sum = (cost[from] as number) + spreadOf(from, to);
        if (sum < (next[to] as number)) [next[to], cut[to]] = [sum, from];
      }
    }
    cost = next;
    cuts.push(cut);
  }
  const starts: number[] = [];
  for (let to = count, step = classes - 2; step >= 0; step--) {
    to = cuts[step]?.[to] ?? 0;
    starts.unshift(distinct[to] as number);
  }
  return starts;
}

function prefixSums(sorted: readonly number[], distinct: readonly number[]): { n: number[]; x: number[]; xx: number[] } {
  const weights = new Map<number, number>();
  for (const value of sorted) weights.set(value, (weights.get(value) ?? 0) + 1);
  const sums = { n: [0], x: [0], xx: [0] };
  for (const [i, value] of distinct.entries()) {
    const weight = weights.get(value) ?? 0;
    sums.n.push((sums.n[i] as number) + weight);
    sums.x.push((sums.x[i] as number) + weight * value);
    sums.xx.push((sums.xx[i] as number) + weight * value * value);
  }
  return sums;
}

/** As much of a ramp, around its middle, as values from `first` to `last` deserve. */
function partOf(ramp: readonly string[], first: number, last: number): readonly string[] {
  const most = ramp.length - 1;
  const steps = last >= 2 * first ? most : Math.round((last / first - 1) * most);
  const start = Math.floor((most - steps) / 2);
  return ramp.slice(start, start + steps + 1);
}

/**
 * Classes whose limits grow by an equal factor: for whole counts from 1 up, most of them small and a few very large, where
 * quantiles would put a place with 5 and one with 50 into the same class. Returns no class for no values.
 */
export function growingClasses(counts: readonly number[], colours: readonly string[] = HEAT): Classes {
  const sorted = counts.filter((count) => count >= 1).sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return { breaks: [], colours: [], labels: [] };
  const breaks: number[] = [];
  for (let step = 1; step < colours.length; step++) {
    const limit = Math.ceil(first * (last / first) ** (step / colours.length));
    if (limit > (breaks.at(-1) ?? first) && limit <= last) breaks.push(limit);
  }
  return { breaks, colours: spread(colours, breaks.length + 1), labels: rangeLabels(first, breaks, last, 0) };
}

/** Classes for a change in percent against the period before, with a neutral middle. */
export function changeClasses(): Classes {
  return {
    breaks: [...CHANGE_BREAKS],
    colours: [...DIVERGING],
    labels: ["少 25% 以上", "少 5%–25%", "差不多（±5%）", "多 5%–25%", "多 25% 以上"],
  };
}

/** Which class a value falls into, 0 the lowest. */
export function classOf(value: number, breaks: readonly number[]): number {
  let index = 0;
  while (index < breaks.length && value >= (breaks[index] as number)) index++;
  return index;
}

/** So many colours out of a ramp, from its lightest to its darkest, evenly. One colour: the middle one. */
function spread(ramp: readonly string[], count: number): string[] {
  if (count === 1) return [ramp[Math.floor(ramp.length / 2)] as string];
  return Array.from({ length: count }, (_, i) => ramp[Math.round((i * (ramp.length - 1)) / (count - 1))] as string);
}

/** Rates that lie close together get one more digit, so that no two classes read alike. */
function rangeLabels(first: number, breaks: number[], last: number, digits: number): string[] {
  const step = 10 ** -digits;
  const show = (value: number) => value.toFixed(digits);
  const starts = [first, ...breaks];
  const close = breaks.some((limit, i) => limit - (starts[i] as number) < 1.5 * step);
  if (digits > 0 && digits < 3 && close) return rangeLabels(first, breaks, last, digits + 1);
  return starts.map((from, i) => {
    const to = i === breaks.length ? last : (breaks[i] as number) - step;
    return to - from < step / 2 ? show(from) : `${show(from)}–${show(to)}`;
  });
}
