/* A name and its value, in a list of facts. */

import { element } from "./element.js";

/** One fact of a `<dl class="facts">`; `more` stands below the value. */
export function fact(name, value, more = null) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value, more));
}
