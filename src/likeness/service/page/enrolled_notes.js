/* What the service says about a photo that was just enrolled. */

import { element } from "./element.js";
import { note } from "./notes.js";
import { distance } from "./words.js";

/** The good news, then a look-alike, warnings and advice, as far as there are any. */
export function enrolledNotes(done, words) {
  const { added, look_alike: other, warnings = [], advice = [] } = done;
  const said = added === false ? "This photo is already enrolled; nothing was changed." : words;
  const alike = other
    ? note("warning", `${other.name} looks similar: a distance of ${distance(other.energy)}. The two may be confused.`)
    : null;
  const known = new Set(warnings);
  const more = advice.filter((sentence) => !known.has(sentence));
  return element(
    "div",
    { class: "stack" },
    note("good", said),
    alike,
    warnings.length ? note("warning", warnings) : null,
    more.length ? note("advice", more) : null,
  );
}
