/* Two photos: one person or two, and where their distance lies among others. */

import { announce } from "../announcer.js";
import { amongOthers, distribution } from "../distribution.js";
import { element, icon } from "../element.js";
import { fact } from "../facts.js";
import { errorNote, note } from "../notes.js";
import { PhotoInput } from "../photo_input.js";
import { distance, percent } from "../words.js";

export const title = "Compare";

export function show(container, { session, signal }) {
  const answer = element("section", { class: "card", "aria-labelledby": "answer" });
  const model = session.api.get("/api/v1/model", { signal });
  model.catch(() => {}); // shown when the answer needs it
  const idle = () =>
    answer.replaceChildren(
      element("h2", { id: "answer" }, "Answer"),
      element("p", { class: "faint" }, "Choose two photos to see the answer here."),
    );
  let latest = 0;
  const compare = async () => {
    const now = (latest += 1);
    if (!left.photos.length || !right.photos.length) return idle();
    try {
      const fields = { left: left.photos[0], right: right.photos[0] };
      const compared = await session.api.photos("/api/v1/compare", fields, { signal });
      if (now === latest) answer.replaceChildren(element("h2", { id: "answer" }, "Answer"), ...said(compared, await model));
    } catch (error) {
      if (error.name === "AbortError" || now !== latest) return;
      answer.replaceChildren(element("h2", { id: "answer" }, "Answer"), errorNote(error));
    }
  };
  const left = new PhotoInput({ label: "First photo", onChange: compare });
  const right = new PhotoInput({ label: "Second photo", onChange: compare });
  container.append(
    element(
      "div",
      { class: "two" },
      [left, right].map((input) => element("div", { class: "card" }, element("h2", {}, input.label), input.element)),
    ),
    answer,
  );
  idle();
}

function said(compared, model) {
  const words = compared.same ? "One person" : "Two people";
  announce(`${words}. Distance ${distance(compared.energy)}, threshold ${distance(compared.threshold)}.`, { again: true });
  return [
    element("p", { class: `verdict large ${compared.same ? "known" : "unknown"}` }, icon(compared.same ? "known" : "close"), words),
    element(
      "dl",
      { class: "facts" },
      fact("Distance", distance(compared.energy)),
      fact("Threshold", distance(compared.threshold)),
      compared.probability === null || compared.probability === undefined ? null : fact("Probability of one person", percent(compared.probability)),
    ),
    element("p", {}, `The distance is ${compared.same ? "within" : "beyond"} the threshold: lower is more alike.`),
    ...(model.energies ? [distribution(model.energies, compared.threshold, compared.energy), element("p", { class: "faint" }, amongOthers(model.energies, compared.energy))] : [noHistogram()]),
    ...cautions("First photo", compared.left_warnings),
    ...cautions("Second photo", compared.right_warnings),
  ];
}

function cautions(which, warnings = []) {
  return warnings.length ? [note("advice", warnings.map((warning) => `${which}: ${warning}`))] : [];
}

/** Shown instead of the plot. */
export function noHistogram() {
  return note(
    "advice",
    "This model has no histogram of distances, so there is no plot. `likeness calibrate` makes one.",
  );
}
