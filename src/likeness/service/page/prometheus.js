/* Parses Prometheus' text format as far as this page needs it. */

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:\\.|[^"\\])*)"/g;

/** Return [{name, labels, value}] of all samples. */
export function samples(text) {
  return text
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => LINE.exec(line))
    .filter(Boolean)
    .map(([, name, labels = "", value]) => ({
      name,
      labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, key, said]) => [key, said.replace(/\\(.)/g, "$1")])),
      value: Number(value),
    }));
}

/**
 * Return the request times by route, [{route, count, mean, slow}] in milliseconds, the most frequent
 * first. `slow`: nine of ten were no slower, up to the next edge of the histogram.
 */
export function requestTimes(text, name) {
  const routes = new Map();
  for (const { name: full, labels, value } of samples(text)) {
    if (!full.startsWith(name)) continue;
    const route = [labels.method, labels.route].filter(Boolean).join(" ");
    const times = routes.get(route) ?? { route, count: 0, sum: 0, buckets: new Map() };
    routes.set(route, times);
    if (full === `${name}_count`) times.count += value;
    if (full === `${name}_sum`) times.sum += value;
    if (full === `${name}_bucket`) {
      const edge = labels.le === "+Inf" ? Infinity : Number(labels.le);
      times.buckets.set(edge, (times.buckets.get(edge) ?? 0) + value);
    }
  }
  return [...routes.values()]
    .filter(({ count }) => count > 0)
    .map(({ route, count, sum, buckets }) => ({ route, count, mean: (1000 * sum) / count, slow: nineOfTen(buckets, count) }))
    .sort((one, other) => other.count - one.count);
}

function nineOfTen(buckets, count) {
  const edges = [...buckets.keys()].sort((one, other) => one - other);
  const first = edges.find((edge) => buckets.get(edge) >= 0.9 * count);
  return first === undefined ? null : 1000 * first;
}
