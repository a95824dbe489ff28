/* Two photos: one person or two, and where their energy lies among others. */

import { announce } from "/page/announcer.js";
import { amongOthers, distribution } from "/page/distribution.js";
import { element, icon } from "/page/element.js";
import { fact } from "/page/facts.js";
import { errorNote, note } from "/page/notes.js";
import { PhotoInput } from "/page/photo_input.js";
import { energy, percent } from "/page/words.js";

export const title = "Compare";

export function show(place, { session, signal }) {
  const answer = element("section", { class: "card", "aria-labelledby": "answer" });
  const model = session.api.get("/api/v1/model", { signal });
  model.catch(() => {}); // said when it is needed
  const idle = () =>
    answer.replaceChildren(
      element("h2", { id: "answer" }, "Answer"),
      element("p", { class: "faint" }, "Give two photos, and the answer stands here."),
    );
  let asked = 0;
  const compare = async () => {
    const now = (asked += 1);
    if (!left.photos.length || !right.photos.length) return idle();
    try {
      const fields = { left: left.photos[0], right: right.photos[0] };
      const found = await session.api.photos("/api/v1/compare", fields, { signal });
      if (now === asked) answer.replaceChildren(element("h2", { id: "answer" }, "Answer"), ...said(found, await model));
    } catch (error) {
      if (error.name === "AbortError" || now !== asked) return;
      answer.replaceChildren(element("h2", { id: "answer" }, "Answer"), errorNote(error));
    }
  };
  const left = new PhotoInput({ label: "First photo", onChange: compare });
  const right = new PhotoInput({ label: "Second photo", onChange: compare });
  place.append(
    element(
      "div",
      { class: "two" },
      [left, right].map((input) => element("div", { class: "card" }, element("h2", {}, input.label), input.element)),
    ),
    answer,
  );
  idle();
}

function said(found, model) {
  const words = found.same ? "One person" : "Two people";
  announce(`${words}. Energy ${energy(found.energy)}, threshold ${energy(found.threshold)}.`, { again: true });
  return [
    element("p", { class: `verdict large ${found.same ? "known" : "unknown"}` }, icon(found.same ? "known" : "close"), words),
    element(
      "dl",
      { class: "facts" },
      fact("Energy", energy(found.energy)),
      fact("Threshold", energy(found.threshold)),
      found.probability === null || found.probability === undefined ? null : fact("Probability of one person", percent(found.probability)),
    ),
    element("p", {}, `The energy is ${found.same ? "within" : "beyond"} the threshold: lower is more alike.`),
    ...(model.energies ? [distribution(model.energies, found.threshold, found.energy), element("p", { class: "faint" }, amongOthers(model.energies, found.energy))] : [noHistogram()]),
    ...cautions("First photo", found.left_warnings),
    ...cautions("Second photo", found.right_warnings),
  ];
}

function cautions(which, warnings = []) {
  return warnings.length ? [note("advice", warnings.map((warning) => `${which}: ${warning}`))] : [];
}

/** Said where the plot would stand. */
export function noHistogram() {
  return note(
    "advice",
    "This model keeps no histogram of energies, so there is no plot. Calibrate it again with «likeness calibrate», and there will be one.",
  );
}
