/* Elements from values. Data only ever becomes a text node or an attribute, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} name its tag.
 * @param {object} attributes `on: {click: …}` are listeners; `true` is an attribute without a
 *   value; `null`, `undefined` and `false` are left out.
 * @param {...(Node|string|number|null|Array)} children anything but a node becomes text.
 */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for the elements of a drawing. */
export function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** A picture of the sprite; it says nothing to a screen reader, the words beside it do. */
export function icon(name) {
  return drawing(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    drawing("use", { href: `page/icons.svg#${name}` }),
  );
}

/** A button of an icon and words. */
export function button(words, { picture, kind = "", onclick, ...attributes } = {}) {
  return element(
    "button",
    { type: "button", class: `button ${kind}`, on: { click: onclick }, ...attributes },
    picture && icon(picture),
    element("span", {}, words),
  );
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [kind, listener] of Object.entries(value)) {
        if (listener) made.addEventListener(kind, listener);
      }
    } else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}
