/* What the model is, what its threshold promises, and its card. */

import { distribution } from "../distribution.js";
import { element } from "../element.js";
import { fact } from "../facts.js";
import { markdown } from "../markdown.js";
import { withCode } from "../notes.js";
import { noHistogram } from "./compare.js";
import { distance, moment, percent } from "../words.js";

export const title = "Report";

export async function show(container, { session, signal }) {
  const model = await session.api.get("/api/v1/model", { signal });
  container.append(
    element(
      "section",
      { class: "card", "aria-labelledby": "threshold" },
      element("h2", { id: "threshold" }, "The threshold, and what it promises"),
      promise(model),
      model.energies && model.threshold !== null ? distribution(model.energies, model.threshold) : noHistogram(),
    ),
    element(
      "section",
      { class: "card", "aria-labelledby": "facts" },
      element("h2", { id: "facts" }, "Facts"),
      element("dl", { class: "facts wide-facts" }, facts(model)),
    ),
    element("section", { class: "card prose", "aria-label": "Model card" }, markdown(model.card_text ?? "")),
  );
}

function promise(model) {
  const { sentences = [], strangers, rejected, purpose } = model.calibration ?? {};
  if (!sentences.length) {
    return element("p", {}, `Accepted if the distance is at most ${distance(model.threshold)}. Training chose it: nothing is promised about strangers. Choose one with «likeness calibrate».`);
  }
  const whom = purpose?.people > 1 ? `of strangers are accepted, at most, against ${purpose.people} people` : "of impostors are accepted, at most";
  return element(
    "div",
    {},
    element(
      "div",
      { class: "figures" },
      figure(distance(model.threshold), "is the threshold: accepted if the distance is at most this"),
      strangers && figure(percent(strangers.high), whom),
      rejected && figure(percent(rejected.share), "of photos of enrolled people are rejected"),
    ),
    element("details", {}, element("summary", {}, "In full"), element("ul", { class: "sentences" }, sentences.map((said) => element("li", {}, withCode(said))))),
  );
}

function figure(value, words) {
  return element("p", { class: "figure" }, element("strong", {}, value), element("span", {}, words));
}

function facts(model) {
  const { preparation = {}, calibration = {} } = model;
  const given = {
    Name: model.card?.name,
    Fingerprint: model.fingerprint,
    Distance: model.energy,
    "Run by": model.runtime,
    Reads: preparation.rows && `${preparation.rows} × ${preparation.columns} pixels, ${preparation.channels === 3 ? "colour" : "grey"}`,
    Trained: model.card?.created && moment(model.card.created),
    "Trained on": model.card?.data?.people && `${model.card.data.people} people, ${model.card.data.photos} photos (${model.card.data.name})`,
    Calibrated: calibration.provenance?.date && moment(calibration.provenance.date),
    "Calibrated on": calibration.people && `${calibration.people} people (${calibration.provenance?.data?.name ?? "unnamed data"})`,
  };
  return Object.entries(given)
    .filter(([, value]) => value)
    .map(([name, value]) => fact(name, value));
}
