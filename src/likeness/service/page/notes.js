/* Sentences in a frame: advice, warnings, errors. The icon and the word say the kind, too. */

import { element, icon } from "./element.js";

const KINDS = {
  advice: { picture: "advice", word: "Advice" },
  warning: { picture: "warning", word: "Please note" },
  error: { picture: "warning", word: "That did not work" },
  good: { picture: "known", word: "Done" },
};

/**
 * One note.
 * @param {"advice"|"warning"|"error"|"good"} kind
 * @param {string|string[]} sentences
 */
export function note(kind, sentences, ...more) {
  const { picture, word } = KINDS[kind];
  const said = [sentences].flat();
  const body =
    said.length === 1
      ? element("p", {}, withCode(said[0]))
      : element("ul", {}, said.map((sentence) => element("li", {}, withCode(sentence))));
  return element(
    "div",
    { class: `note ${kind}`, role: kind === "error" ? "alert" : null },
    icon(picture),
    element("div", {}, element("p", { class: "note-word" }, word), body, more),
  );
}

/** A sentence with the commands in it, which stand between backticks, as code. */
export function withCode(sentence) {
  const parts = sentence.split("`");
  if (parts.length % 2 === 0) return [sentence];
  return parts.map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/** The note of an error, whatever was thrown. */
export function errorNote(error) {
  const number = error.instance ? element("p", { class: "faint small" }, `Request ${error.instance}`) : null;
  return note("error", error.message, number);
}
