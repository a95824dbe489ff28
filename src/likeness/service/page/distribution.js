/* Where a distance lies among genuine and impostor ones: two outlines, a threshold, a mark. */

import { drawing, element } from "./element.js";
import { counted, distance as shown, percent } from "./words.js";

const WIDE = 640;
const TALL = 300;
const LEFT = 16;
const RIGHT = WIDE - 16;
const TOP = 64;
const BOTTOM = TALL - 58;

/**
 * Draw it.
 * @param {object} energies `edges`, and the counts `genuine` and `impostor` between them.
 * @param {number} threshold accepted if the distance is at most this.
 * @param {number|null} mark the distance of two photos; null draws none.
 */
export function distribution(energies, threshold, mark = null) {
  const { edges } = energies;
  const marked = mark === null ? [threshold] : [threshold, mark];
  const low = Math.min(edges[0], ...marked);
  const high = Math.max(edges.at(-1), ...marked);
  const across = (value) => LEFT + ((value - low) / (high - low || 1)) * (RIGHT - LEFT);
  const genuine = shares(energies.genuine);
  const impostor = shares(energies.impostor);
  const most = Math.max(...genuine, ...impostor);
  const up = (share) => BOTTOM - (share / most) * (BOTTOM - TOP);
  return element(
    "figure",
    { class: "plot" },
    drawing(
      "svg",
      { viewBox: `0 0 ${WIDE} ${TALL}`, role: "img", "aria-label": spoken(energies, threshold, mark) },
      ticks(low, high, across),
      drawing("path", { class: "impostor-area", d: outline(impostor, edges, across, up) }),
      drawing("path", { class: "genuine-area", d: outline(genuine, edges, across, up) }),
      line(across(threshold), "threshold-line", `threshold ${shown(threshold)}`, 20),
      mark === null ? null : line(across(mark), "mark-line", `these two ${shown(mark)}`, 50),
    ),
    element(
      "figcaption",
      {},
      element("span", { class: "key genuine-key" }, `one person (${counted(sum(energies.genuine), "comparison")})`),
      element("span", { class: "key impostor-key" }, `two people (${counted(sum(energies.impostor), "comparison")})`),
      element("span", { class: "faint" }, "Left is more alike. Each outline as a share of its own comparisons."),
    ),
  );
}

/** What lies where, in sentences; about, since only counts in bins are kept. */
export function amongOthers(energies, value) {
  const genuine = 1 - below(energies.edges, energies.genuine, value);
  const impostor = below(energies.edges, energies.impostor, value);
  return (
    `Of comparisons of one person, about ${percent(genuine)} were less alike than this; ` +
    `of two people, ${impostor ? `about ${percent(impostor)} were` : "none was"} more alike.`
  );
}

/** The share of counts below a value, evenly spread within a bin. */
export function below(edges, counts, value) {
  let share = 0;
  counts.forEach((count, index) => {
    const part = (value - edges[index]) / (edges[index + 1] - edges[index]);
    share += count * Math.min(1, Math.max(0, part));
  });
  return share / (sum(counts) || 1);
}

function shares(counts) {
  const all = sum(counts) || 1;
  return counts.map((count) => count / all);
}

function sum(counts) {
  return counts.reduce((all, count) => all + count, 0);
}

function outline(values, edges, across, up) {
  const steps = values.map((value, index) => `V${up(value).toFixed(1)}H${across(edges[index + 1]).toFixed(1)}`);
  return `M${across(edges[0]).toFixed(1)} ${BOTTOM}${steps.join("")}V${BOTTOM}Z`;
}

function line(x, kind, words, height) {
  const anchor = x < WIDE * 0.2 ? "start" : x > WIDE * 0.8 ? "end" : "middle";
  return drawing(
    "g",
    { class: kind },
    drawing("line", { x1: x, x2: x, y1: height + 4, y2: BOTTOM }),
    drawing("text", { x, y: height, "text-anchor": anchor }, words),
  );
}

function ticks(low, high, across) {
  const step = niceStep((high - low || 1) / 5);
  const made = [drawing("line", { class: "axis", x1: LEFT, x2: RIGHT, y1: BOTTOM, y2: BOTTOM })];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) {
    const x = across(value);
    made.push(
      drawing("line", { class: "axis", x1: x, x2: x, y1: BOTTOM, y2: BOTTOM + 5 }),
      drawing("text", { class: "tick", x, y: BOTTOM + 24, "text-anchor": "middle" }, shown(Number(value.toFixed(6)))),
    );
  }
  made.push(drawing("text", { class: "tick", x: (LEFT + RIGHT) / 2, y: TALL - 8, "text-anchor": "middle" }, "distance"));
  return made;
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
}

function spoken(energies, threshold, mark) {
  const said = `Distances between photos of one person and of two people, with the threshold at ${shown(threshold)}.`;
  return mark === null ? said : `${said} These two photos are at ${shown(mark)}. ${amongOthers(energies, mark)}`;
}
