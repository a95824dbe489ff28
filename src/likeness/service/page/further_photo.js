/* From an answer at the door to an enrolment: a further photo of somebody, or somebody new. */

import { announce } from "./announcer.js";
import { partOf } from "./crops.js";
import { askToDo, openDialog } from "./dialogs.js";
import { button, element } from "./element.js";
import { enrolledNotes } from "./enrolled_notes.js";
import { note } from "./notes.js";

/** Ask whether this is the person, and enrol the photo as a further one of theirs. */
export async function approve(session, photo, face, { others }) {
  const person = face.nearest?.[0] ?? face;
  const shown = await photoOf(photo, face, { others });
  const done = await askToDo({
    title: `Is this ${person.name}?`,
    content: [
      picture(shown),
      element("p", {}, `If you know that this is ${person.name}, the photo is enrolled as a further photo of theirs. `),
      note("warning", "Approve only what you have seen yourself: a photo of somebody else would be recognised as this person."),
    ],
    words: "Yes, approve it",
    act: () =>
      session.api.photo(`/api/v1/people/${person.person_id}/photos`, shown, { query: { approved: true } }),
  });
  await tell(done, `A further photo of ${person.name} is enrolled.`);
}

/** Ask for a name, and enrol somebody new with this photo. */
export async function enrolFromDoor(session, photo, face, { others }) {
  const shown = await photoOf(photo, face, { others });
  const name = element("input", { type: "text", maxlength: 200, autocomplete: "off", autofocus: true, required: true });
  const done = await askToDo({
    title: "Enrol somebody new",
    content: [picture(shown), element("label", { class: "field" }, element("span", {}, "Name"), name)],
    words: "Enrol",
    act: async () => {
      if (!name.value.trim()) {
        name.focus();
        throw new Error("A name is needed.");
      }
      return session.api.photo("/api/v1/enrol", shown, { query: { name: name.value.trim() } });
    },
  });
  await tell(done, `${done?.person?.name} is enrolled.`);
}

async function tell(done, words) {
  if (!done) return;
  announce(words, { again: true });
  await openDialog("Enrolled", enrolledNotes(done, words), (close) => [
    button("Close the advice", { kind: "first", onclick: () => close() }),
  ]);
}

function picture(photo) {
  const shown = element("img", { alt: "The photo to be enrolled", src: URL.createObjectURL(photo) });
  shown.addEventListener("load", () => URL.revokeObjectURL(shown.src));
  return element("figure", { class: "preview large" }, shown);
}

/** The photo itself, or its part around one of several faces. */
async function photoOf(photo, face, { others }) {
  return others && face.box ? partOf(photo, face.box) : photo;
}
