/* Sign in: the key once, for this tab. */

import { button, element } from "../element.js";
import { errorNote } from "../notes.js";
import { signIn } from "../session.js";

export const title = "Sign in";

export function show(container, { onRefused, onSession, reason }) {
  const said = element("div", {}, reason ? errorNote(new Error(reason)) : null);
  const key = element("input", {
    type: "password",
    name: "key",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    placeholder: "lk_…",
    "aria-describedby": "key-help",
  });
  const go = button("Sign in", { kind: "first", picture: "key", type: "submit" });
  const submit = async () => {
    go.disabled = true;
    said.replaceChildren();
    try {
      onSession(await signIn(key.value.trim(), onRefused));
    } catch (error) {
      said.replaceChildren(errorNote(error));
      go.disabled = false;
      key.focus();
    }
  };
  container.append(
    element(
      "form",
      {
        class: "card stack narrow",
        "aria-label": "Sign in",
        on: {
          input: () => said.replaceChildren(),
          submit: (event) => {
            event.preventDefault();
            submit();
          },
        },
      },
      element("p", {}, "Your key decides what you may do. It stays in this tab and is forgotten when the tab is closed."),
      element("label", { class: "field" }, element("span", {}, "API key"), key),
      element("p", { class: "faint small", id: "key-help" }, "An administrator makes one with «likeness keys add». The first start of the service prints one."),
      said,
      element("div", { class: "row" }, go),
    ),
  );
}
