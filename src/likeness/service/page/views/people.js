/* The list of people, searched and read on. */

import { announce } from "../announcer.js";
import { button, element, icon } from "../element.js";
import { errorNote } from "../notes.js";
import { counted, day } from "../words.js";

export const title = "People";

const PAGE = 25;
const TYPING = 250;

export function show(container, { session, signal }) {
  const list = new PeopleList(session, signal);
  container.append(list.element);
  return list.search("");
}

class PeopleList {
  #rows = element("ul", { class: "people" });
  #count = element("p", { class: "faint" });
  #more = element("div", { class: "row middle" });
  #trouble = element("div", {});
  #latest = 0;

  constructor(session, signal) {
    this.session = session;
    this.signal = signal;
    let typing = 0;
    const field = element("input", {
      type: "search",
      autocomplete: "off",
      spellcheck: "false",
      on: {
        input: () => {
          clearTimeout(typing);
          typing = setTimeout(() => this.search(field.value.trim()), TYPING);
        },
      },
    });
    const enrol = session.may("operator")
      ? element("a", { class: "button first", href: "#/enrol" }, icon("add"), element("span", {}, "Enrol somebody"))
      : null;
    this.element = element(
      "section",
      { class: "card", "aria-label": "People" },
      element(
        "div",
        { class: "row apart" },
        element("search", { class: "grow" }, element("label", { class: "field" }, element("span", {}, "Search by name"), field)),
        enrol,
      ),
      this.#count,
      this.#trouble,
      this.#rows,
      this.#more,
    );
  }

  /** Restart the list. */
  async search(words) {
    await this.#read({ search: words, after: null });
  }

  async #read({ search, after }) {
    const request = (this.#latest += 1);
    let page;
    try {
      page = await this.session.api.get("/api/v1/people", {
        query: { search, after, limit: PAGE },
        signal: this.signal,
      });
    } catch (error) {
      if (error.name !== "AbortError") this.#trouble.replaceChildren(errorNote(error));
      return;
    }
    if (request !== this.#latest) return; // a later search is under way
    this.#trouble.replaceChildren();
    if (after === null) this.#rows.replaceChildren();
    const rows = page.people.map(row);
    this.#rows.append(...rows);
    if (after !== null) rows[0]?.querySelector("a").focus();
    const count = search ? `${counted(page.total, "person", "people")} with «${search}»` : counted(page.total, "person", "people");
    this.#count.textContent = page.total ? count : search ? `Nobody is called «${search}».` : "Nobody is enrolled yet.";
    announce(this.#count.textContent);
    this.#more.replaceChildren(
      ...(page.next ? [button("Show more", { onclick: () => this.#read({ search, after: page.next }) })] : []),
    );
  }
}

function row(person) {
  return element(
    "li",
    {},
    element(
      "a",
      { class: "person", href: `#/people/${person.id}` },
      element("span", { class: "initial", "aria-hidden": "true" }, [...person.name.trim()][0]?.toUpperCase() ?? "·"),
      element("span", { class: "person-name" }, person.name),
      element("span", { class: "faint" }, counted(person.photos, "photo"), ", since ", day(person.created)),
      icon("next"),
    ),
  );
}
