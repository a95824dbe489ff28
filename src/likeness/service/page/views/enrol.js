/* Enrol somebody new with one photo, or a few. */

import { announce } from "../announcer.js";
import { button, element, icon } from "../element.js";
import { enrolPhotos } from "../enrol_photos.js";
import { note } from "../notes.js";
import { PhotoInput } from "../photo_input.js";

export const title = "Enrol somebody";

export function show(container, { session }) {
  if (!session.may("operator")) {
    container.append(note("warning", "Enrolling needs the role of an operator. Ask for a key with that role."));
    return;
  }
  const name = element("input", { type: "text", autocomplete: "off", required: true, maxlength: 200, id: "name" });
  const keep = element("input", { type: "checkbox" });
  const said = element("div", { class: "stack", "aria-live": "polite" });
  const forgive = () => said.querySelector(".note.error") && said.replaceChildren();
  const input = new PhotoInput({ label: "Photos", several: true, onChange: forgive });
  const go = button("Enrol", { picture: "add", kind: "first", type: "submit" });
  const enrol = async () => {
    const missing = lacking(name, input);
    if (missing) return said.replaceChildren(missing);
    go.disabled = true;
    said.replaceChildren(element("p", { class: "faint" }, "Enrolling …"));
    const whose = name.value.trim();
    const outcome = await enrolPhotos(session, input.photos, { name: whose, keep: keep.checked });
    go.disabled = false;
    const links = outcome.person ? finished(outcome.person) : null;
    said.replaceChildren(outcome.notes, ...(links ? [links] : []));
    announce(outcome.person ? `${outcome.person.name} is enrolled. ${outcome.words}` : outcome.words, { again: true });
    if (outcome.person) {
      input.clear();
      name.value = "";
      links.querySelector("a").focus();
    }
  };
  container.append(
    element("p", {}, element("a", { class: "back", href: "#/people" }, icon("back"), "All people")),
    element(
      "form",
      {
        class: "card stack",
        novalidate: true,
        "aria-label": "Enrol somebody",
        on: {
          input: forgive,
          submit: (event) => {
            event.preventDefault();
            enrol();
          },
        },
      },
      element("label", { class: "field" }, element("span", {}, "Name"), name),
      element("p", { class: "faint" }, "One good photo is enough: from the front, in even light, one person in the picture. More photos make answers more reliable."),
      input.element,
      element(
        "label",
        { class: "check" },
        keep,
        element("span", {}, "Keep the photos, too", element("span", { class: "faint" }, " – otherwise only templates are kept, from which no photo can be shown.")),
      ),
      element("div", { class: "row" }, go),
      said,
    ),
  );
}

function lacking(name, input) {
  if (!name.value.trim()) {
    name.focus();
    return note("error", "A name is needed.");
  }
  return input.photos.length ? null : note("error", "A photo is needed. Choose one, or use the camera.");
}

function finished(person) {
  return element(
    "p",
    { class: "row" },
    element("a", { class: "button", href: `#/people/${person.id}` }, icon("people"), element("span", {}, `See ${person.name}`)),
    element("a", { class: "button", href: "#/door" }, icon("door"), element("span", {}, "Go to the door")),
  );
}
