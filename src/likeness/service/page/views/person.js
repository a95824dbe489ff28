/* One person: their photos, and what may be changed about them. */

import { announce } from "../announcer.js";
import { askToDo } from "../dialogs.js";
import { button, element, icon } from "../element.js";
import { enrolPhotos } from "../enrol_photos.js";
import { fact } from "../facts.js";
import { PhotoInput } from "../photo_input.js";
import { choosePerson } from "../person_choice.js";
import { showReceipt } from "../receipts.js";
import { counted, moment } from "../words.js";

export const title = "Person";

export async function show(container, { session, signal, parameters, go }) {
  const [id] = parameters;
  const draw = async () => {
    const person = await session.api.get(`/api/v1/people/${encodeURIComponent(id)}`, { signal });
    document.querySelector("h1").textContent = person.name;
    document.title = `${person.name} · Likeness`;
    container.replaceChildren(
      element("p", {}, element("a", { class: "back", href: "#/people" }, icon("back"), "All people")),
      about(person, session, draw, go),
      photos(person, session, draw, go),
      session.may("operator") ? further(person, session, draw) : null,
    );
  };
  await draw();
}

function about(person, session, draw, go) {
  const metadata = Object.entries(person.metadata ?? {});
  return element(
    "section",
    { class: "card", "aria-labelledby": "about" },
    element("h2", { id: "about" }, "About"),
    element(
      "dl",
      { class: "facts" },
      fact("Number", person.id),
      fact("Enrolled", moment(person.created)),
      fact("Photos", person.photos.length),
      metadata.map(([name, value]) => fact(name, typeof value === "string" ? value : JSON.stringify(value))),
    ),
    element(
      "div",
      { class: "row" },
      session.may("operator") && [
        button("Rename", { picture: "rename", onclick: () => rename(person, session, draw) }),
        button("Merge into another person", { picture: "merge", onclick: () => merge(person, session, go) }),
      ],
      session.may("admin") &&
        button("Delete this person", { picture: "delete", kind: "danger", onclick: () => remove(person, session, go) }),
    ),
  );
}

function photos(person, session, draw, go) {
  const rows = person.photos.map((photo, index) => {
    const words = `photo ${index + 1}`;
    return element(
      "li",
      { class: "photo-row" },
      element("span", { class: "photo-what" }, icon("photo"), element("strong", {}, `Photo ${index + 1}`)),
      element("span", {}, photo.how ?? "enrolled", ", ", moment(photo.created)),
      element("span", { class: "faint" }, photo.kept ? "the photo itself is kept" : "only its template is kept"),
      session.may("operator") &&
        element(
          "button",
          { type: "button", class: "button quiet shrinks", on: { click: () => removePhoto(person, photo, words, session, draw, go) } },
          icon("delete"),
          element("span", {}, `Delete ${words}`),
        ),
    );
  });
  return element(
    "section",
    { class: "card", "aria-labelledby": "photos" },
    element("h2", { id: "photos" }, "Photos"),
    rows.length ? element("ul", { class: "photo-list" }, rows) : element("p", { class: "faint" }, "No photo is enrolled: nobody can be recognised as this person."),
  );
}

function further(person, session, draw) {
  const input = new PhotoInput({ label: "Further photos", several: true, onChange: (all) => {
    go.disabled = !all.length;
    section.querySelector(":scope > .stack")?.remove(); // what was said of the photos before
  } });
  const go = button("Add these photos", {
    picture: "add",
    kind: "first",
    disabled: true,
    onclick: async () => {
      go.disabled = true;
      const outcome = await enrolPhotos(session, input.photos, { person });
      input.clear();
      await draw();
      document.getElementById("further").after(outcome.notes);
      announce(outcome.words, { again: true });
    },
  });
  const section = element(
    "section",
    { class: "card", "aria-labelledby": "further" },
    element("h2", { id: "further" }, "Further photos"),
    element("p", { class: "faint" }, "More photos, in other light and with other expressions, make answers more reliable."),
    input.element,
    element("div", { class: "row" }, go),
  );
  return section;
}

async function rename(person, session, draw) {
  const name = element("input", { type: "text", value: person.name, maxlength: 200, autofocus: true, autocomplete: "off" });
  const done = await askToDo({
    title: "Rename",
    content: element("label", { class: "field" }, element("span", {}, "New name"), name),
    words: "Rename",
    act: () => session.api.send("PATCH", `/api/v1/people/${person.id}`, { json: { name: name.value.trim() } }),
  });
  if (!done) return;
  await draw();
  announce(`Renamed to ${done.name}.`, { again: true });
}

async function merge(person, session, go) {
  const choice = choosePerson(session, { without: person.id });
  const done = await askToDo({
    title: "Merge into another person",
    content: [
      element("p", {}, "All photos of ", element("strong", {}, person.name), " become photos of the person you choose, and this entry goes away."),
      choice.element,
    ],
    words: "Merge",
    picture: "merge",
    danger: true,
    act: () => {
      if (choice.chosen() === null) throw new Error("Choose the person first.");
      return session.api.send("POST", `/api/v1/people/${person.id}/merge`, { json: { into: choice.chosen() } });
    },
  });
  if (!done) return;
  announce(`Merged into ${done.name}.`, { again: true });
  go(`/people/${done.id}`);
}

async function remove(person, session, go) {
  const receipt = await askToDo({
    title: "Delete this person?",
    content: [
      element("p", {}, element("strong", {}, person.name), ` and ${counted(person.photos.length, "photo")} are deleted for good. You get a receipt.`),
    ],
    words: "Delete for good",
    picture: "delete",
    danger: true,
    act: () => session.api.send("DELETE", `/api/v1/people/${person.id}`),
  });
  if (!receipt) return;
  await showReceipt(receipt);
  go("/people");
}

async function removePhoto(person, photo, words, session, draw, go) {
  const receipt = await askToDo({
    title: `Delete ${words}?`,
    content: element("p", {}, `This ${words} of `, element("strong", {}, person.name), " is deleted for good. You get a receipt."),
    words: "Delete for good",
    picture: "delete",
    danger: true,
    act: () => session.api.send("DELETE", `/api/v1/photos/${photo.id}`),
  });
  if (!receipt) return;
  await showReceipt(receipt);
  if (receipt.person_removed) go("/people");
  else await draw();
}
