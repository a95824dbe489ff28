/* Dialogs. The <dialog> element keeps the focus inside, and gives it back when it closes. */

import { button, element, icon } from "./element.js";
import { errorNote } from "./notes.js";

let made = 0;

/**
 * Open a dialog.
 * @param {string} title
 * @param {Array} content nodes and texts.
 * @param {function(close): Node[]} buttons makes the buttons of its foot.
 * @param {object} options `wide`; `on`: listeners of its content; `kept()`: while it is true, neither
 *   Esc nor the cross closes the dialog; `crossed`: whether there is a cross.
 * @returns {Promise} what `close` was called with; undefined after Esc.
 */
export function openDialog(title, content, buttons, { wide = false, on = {}, kept = () => false, crossed = true } = {}) {
  return new Promise((resolve) => {
    const id = `dialog-${(made += 1)}`;
    let answer;
    let closing = false;
    const close = (value) => {
      answer = value;
      closing = true;
      dialog.close();
    };
    const dialog = element(
      "dialog",
      { class: wide ? "wide" : "", "aria-labelledby": id },
      element(
        "div",
        { class: "dialog-head" },
        element("h2", { id }, title),
        crossed &&
          element(
            "button",
            { type: "button", class: "button quiet only-icon", on: { click: () => kept() || close() } },
            icon("close"),
            element("span", {}, "Close"),
          ),
      ),
      element("div", { class: "dialog-body", on }, content),
      element("div", { class: "dialog-foot" }, buttons(close)),
    );
    dialog.addEventListener("cancel", (event) => kept() && event.preventDefault());
    dialog.addEventListener("close", () => {
      if (!closing && kept()) return dialog.showModal(); // a second Esc closes in any case
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    const first = dialog.querySelector("[autofocus]");
    first?.focus();
    if (first?.type === "text") first.setSelectionRange(first.value.length, first.value.length);
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
  let busy = false;
  let go;
  const on = {
    input: () => trouble.replaceChildren(),
    keydown: (event) => {
      const typed = event.target.tagName === "INPUT" && event.target.type === "text";
      if (danger || !typed || event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      go.click();
    },
  };
  return openDialog(
    title,
    [content, trouble],
    (close) => {
      const cancel = button("Cancel", { autofocus: danger, onclick: () => busy || close() });
      go = button(words, {
        picture,
        kind: danger ? "danger" : "first",
        onclick: async () => {
          busy = go.disabled = cancel.disabled = true;
          trouble.replaceChildren();
          try {
            close(await act());
          } catch (error) {
            trouble.replaceChildren(errorNote(error));
            busy = go.disabled = cancel.disabled = false;
          }
        },
      });
      return [cancel, go];
    },
    { wide, on, kept: () => busy }, // what is under way has an outcome that must be shown
  );
}
