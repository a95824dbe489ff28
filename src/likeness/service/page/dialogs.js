/* Dialogs. The <dialog> element keeps the focus inside, and gives it back when it closes. */

import { button, element, icon } from "./element.js";
import { errorNote } from "./notes.js";

let made = 0;

/**
 * Open a dialog.
 * @param {string} title
 * @param {Array} content nodes and texts.
 * @param {function(close): Node[]} buttons makes the buttons of its foot.
 * @returns {Promise} what `close` was called with; undefined after Esc.
 */
export function openDialog(title, content, buttons, { wide = false } = {}) {
  return new Promise((resolve) => {
    const id = `dialog-${(made += 1)}`;
    let answer;
    const close = (value) => {
      answer = value;
      dialog.close();
    };
    const dialog = element(
      "dialog",
      { class: wide ? "wide" : "", "aria-labelledby": id },
      element(
        "div",
        { class: "dialog-head" },
        element("h2", { id }, title),
        element(
          "button",
          { type: "button", class: "button quiet only-icon", on: { click: () => close() } },
          icon("close"),
          element("span", {}, "Close"),
        ),
      ),
      element("div", { class: "dialog-body" }, content),
      element("div", { class: "dialog-foot" }, buttons(close)),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  });
}

/**
 * Ask before something is done, do it, and keep the dialog open with the reason if it fails.
 * @param {object} question title, content, words on the button, `danger`, and `act`: an async
 *   function whose value is returned.
 * @returns {Promise} undefined if it was not done.
 */
export function askToDo({ title, content, words, picture, danger = false, act, wide = false }) {
  const trouble = element("div", { "aria-live": "assertive" });
  return openDialog(
    title,
    [content, trouble],
    (close) => {
      const go = button(words, {
        picture,
        kind: danger ? "danger" : "first",
        onclick: async () => {
          go.disabled = true;
          trouble.replaceChildren();
          try {
            close(await act());
          } catch (error) {
            trouble.replaceChildren(errorNote(error));
            go.disabled = false;
          }
        },
      });
      return [button("Cancel", { autofocus: danger, onclick: () => close() }), go];
    },
    { wide },
  );
}
