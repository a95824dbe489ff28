/* One answer in words and numbers: who, how likely, who else, and why. */

import { button, element, icon } from "./element.js";
import { fact } from "./facts.js";
import { note } from "./notes.js";
import { headline, STATUSES } from "./status.js";
import { distance, percent } from "./words.js";

/**
 * A card that stays in place while the answers in it change, so that its buttons can be pressed.
 * The buttons are given what is shown at that moment.
 */
export class AnswerCard {
  #face = null;
  #said = element("div", { class: "answer-said" });
  #approve;
  #enrol;

  /** The face itself, where there are several; drawn where the photo is. */
  crop = element("canvas", { class: "crop", width: 0, height: 0, "aria-hidden": "true", hidden: true });

  /** @param {object} actions `onApprove(face)` and `onEnrol(face)`; null where the role may not. */
  constructor({ onApprove, onEnrol }) {
    this.#approve = onApprove && button("Approve", { picture: "add", onclick: () => onApprove(this.#face) });
    this.#enrol = onEnrol && button("Enrol as somebody new", { picture: "add", onclick: () => onEnrol(this.#face) });
    this.element = element("li", { class: "answer" }, this.crop, this.#said, element("div", { class: "row" }, this.#approve, this.#enrol));
  }

  /** Show an answer; `number` is that of the face where there are several, else null. */
  show(face, number = null) {
    this.#face = face;
    this.crop.hidden = number === null;
    const { picture, word } = STATUSES[face.status];
    this.element.className = `answer ${face.status}`;
    this.#said.replaceChildren(
      element("p", { class: `verdict ${face.status}` }, icon(picture), number === null ? word : `Face ${number}: ${word.toLowerCase()}`),
      element("h3", { class: "answer-name" }, headline(face)),
      element("dl", { class: "facts" }, facts(face)),
      element("p", { class: "faint" }, face.reason),
      ...(face.photo_warnings?.length ? [note("advice", face.photo_warnings)] : []),
    );
    if (this.#approve) {
      const nearest = face.nearest?.[0]?.name ?? face.name;
      this.#approve.hidden = face.status === "unknown" || !nearest;
      this.#approve.lastElementChild.textContent = `Approve as a further photo of ${nearest}`;
    }
    if (this.#enrol) this.#enrol.hidden = face.status !== "unknown";
  }
}

function facts(face) {
  const { runner_up: second, nearest } = face;
  const whose = face.status === "known" ? "" : nearest?.[0] ? ` that it is ${nearest[0].name}` : "";
  return [
    face.probability !== null && fact(`Probability${whose}`, percent(face.probability), meter(face.probability)),
    fact("Distance", `${distance(face.energy)}, threshold ${distance(face.threshold)}`),
    fact(
      "Runner-up",
      second
        ? `${second.name}, ${distance(second.energy)}${second.probability === null ? "" : ` (${percent(second.probability)})`}`
        : "nobody",
    ),
  ];
}

function meter(share) {
  const bar = element("span", { class: "meter-bar" });
  bar.style.width = `${100 * share}%`;
  return element("span", { class: "meter", "aria-hidden": "true" }, bar);
}
