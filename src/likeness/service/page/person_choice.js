/* Choose one person of many: type a part of the name, take one of those found. */

import { element } from "./element.js";
import { errorNote } from "./notes.js";
import { counted } from "./words.js";

const SHOWN = 8;
const TYPING = 250;

/** A field and a list; `chosen()` is the number of the person taken, or null. */
export function choosePerson(session, { without }) {
  let chosen = null;
  let typing = 0;
  let latest = 0;
  const list = element("fieldset", { class: "choices" }, element("legend", {}, "People"));
  const look = async () => {
    const now = (latest += 1);
    try {
      const query = { search: field.value.trim(), limit: SHOWN + 1 };
      const { people } = await session.api.get("/api/v1/people", { query });
      if (now !== latest) return;
      chosen = null;
      const others = people.filter((person) => person.id !== without).slice(0, SHOWN);
      list.replaceChildren(element("legend", {}, others.length ? "People" : "Nobody found"), ...others.map(option));
    } catch (error) {
      list.replaceChildren(errorNote(error));
    }
  };
  const option = (person) =>
    element(
      "label",
      { class: "choice" },
      element("input", { type: "radio", name: "person", value: person.id, on: { change: () => (chosen = person.id) } }),
      element("span", { class: "person-name" }, person.name),
      element("span", { class: "faint" }, counted(person.photos, "photo")),
    );
  const field = element("input", {
    type: "search",
    autofocus: true,
    autocomplete: "off",
    on: {
      input: () => {
        clearTimeout(typing);
        typing = setTimeout(look, TYPING);
      },
    },
  });
  look();
  return {
    element: element("div", { class: "stack" }, element("label", { class: "field" }, element("span", {}, "Search by name"), field), list),
    chosen: () => chosen,
  };
}
