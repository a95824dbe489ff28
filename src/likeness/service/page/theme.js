/* Light or dark: what the device prefers, until somebody chooses on this page. */

import { button } from "./element.js";

const STORAGE_KEY = "likeness-theme";

function preferred() {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function current() {
  return document.documentElement.dataset.theme ?? preferred();
}

/** Apply the theme that was chosen before. */
export function applyTheme() {
  const chosen = localStorage.getItem(STORAGE_KEY);
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}

/** A button that switches to the other theme. */
export function themeToggle() {
  const holder = document.createElement("span");
  const draw = ({ focused = false } = {}) => {
    const other = current() === "dark" ? "light" : "dark";
    const toggle = button(`${other === "dark" ? "Dark" : "Light"} colours`, {
      picture: other,
      kind: "quiet only-icon",
      title: `Change to ${other} colours`,
      onclick: () => {
        document.documentElement.dataset.theme = other;
        localStorage.setItem(STORAGE_KEY, other);
        draw({ focused: true });
      },
    });
    holder.replaceChildren(toggle);
    if (focused) toggle.focus();
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  return holder;
}
