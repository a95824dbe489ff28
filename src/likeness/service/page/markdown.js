/* The Markdown that model cards are written in, as elements: headings, lists, tables, quotes,
   bold, code and escapes. All else is text; links and pictures are never made. */

import { element } from "./element.js";

/** Return the elements of a text. A heading «#» becomes the level `top`, and so on down. */
export function markdown(text, { top = 2 } = {}) {
  return blocksOf(text).map((lines) => block(lines, top));
}

function blocksOf(text) {
  return text
    .split(/\n\s*\n/)
    .map((part) => part.split("\n").filter((line) => line.trim()))
    .filter((lines) => lines.length);
}

function block(lines, top) {
  const heading = /^(#{1,6}) (.*)$/.exec(lines[0]);
  if (heading && lines.length === 1) {
    return element(`h${Math.min(6, heading[1].length + top - 1)}`, {}, inline(heading[2]));
  }
  if (lines.every((line) => line.startsWith("- "))) {
    return element("ul", {}, lines.map((line) => element("li", {}, inline(line.slice(2)))));
  }
  if (lines.every((line) => line.startsWith(">"))) {
    return element("blockquote", {}, inline(lines.map((line) => line.slice(1).trim()).join(" ")));
  }
  if (lines.length > 2 && lines.every((line) => line.startsWith("|"))) return table(lines);
  return element("p", {}, inline(lines.join(" ")));
}

function table([head, , ...rows]) {
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table" },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, cells(head).map((cell) => element("th", { scope: "col" }, inline(cell))))),
      element(
        "tbody",
        {},
        rows.map((row) => {
          const [first, ...others] = cells(row);
          return element(
            "tr",
            {},
            element("th", { scope: "row" }, inline(first)),
            others.map((cell) => element("td", {}, inline(cell))),
          );
        }),
      ),
    ),
  );
}

function cells(row) {
  return row.replace(/^\||\|\s*$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());
}

/** Texts, <strong> and <code> of a line. */
function inline(text) {
  const made = [];
  let plain = "";
  const flush = () => {
    if (plain) made.push(plain);
    plain = "";
  };
  for (let index = 0; index < text.length; ) {
    const rest = text.slice(index);
    const code = /^`([^`]+)`/.exec(rest);
    const bold = /^\*\*((?:\\.|[^\\])+?)\*\*/.exec(rest);
    if (rest[0] === "\\" && rest.length > 1) {
      plain += rest[1];
      index += 2;
    } else if (rest.startsWith("&amp;")) {
      plain += "&";
      index += 5;
    } else if (code || bold) {
      flush();
      made.push(code ? element("code", {}, code[1]) : element("strong", {}, inline(bold[1])));
      index += (code ?? bold)[0].length;
    } else {
      plain += rest[0];
      index += 1;
    }
  }
  flush();
  return made;
}
