/* The page: who is signed in, which view is shown, and nothing else. */

import { announce } from "./announcer.js";
import { button, element, icon } from "./element.js";
import { errorNote } from "./notes.js";
import { forget, resume } from "./session.js";
import { applyTheme, themeToggle } from "./theme.js";
import * as compare from "./views/compare.js";
import * as door from "./views/door.js";
import * as enrol from "./views/enrol.js";
import * as health from "./views/health.js";
import * as people from "./views/people.js";
import * as person from "./views/person.js";
import * as report from "./views/report.js";
import * as signInView from "./views/sign_in.js";

const VIEWS = { door, people, compare, report, health };
const ROUTES = [
  [/^\/door$/, door, "door"],
  [/^\/people$/, people, "people"],
  [/^\/people\/(\d+)$/, person, "people"],
  [/^\/enrol$/, enrol, "people"],
  [/^\/compare$/, compare, "compare"],
  [/^\/report$/, report, "report"],
  [/^\/health$/, health, "health"],
];

let session = null;
let leaving = new AbortController();

applyTheme();
addEventListener("hashchange", () => route());
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  if (event.reason?.name === "AbortError") return; // the view was left before its answer came
  console.error(event.reason);
  document.querySelector("#content .view")?.prepend(errorNote(event.reason));
});
begin();

async function begin() {
  drawCorner();
  try {
    session = await resume(onRefused);
  } catch (error) {
    return draw({ title: "Likeness", show: (container) => container.append(errorNote(error), button("Try again", { kind: "first", onclick: () => location.reload() })) }, {});
  }
  if (session) enter();
  else askForKey();
}

function enter() {
  drawNavigation();
  drawCorner();
  route();
}

function askForKey(reason = "") {
  session = null;
  drawNavigation();
  drawCorner();
  draw(signInView, {
    reason,
    onRefused,
    onSession: (opened) => {
      session = opened;
      enter();
    },
  });
}

function onRefused() {
  forget();
  askForKey("The key is no longer valid. Sign in again.");
}

function go(path) {
  location.hash = path;
}

function route() {
  const hash = location.hash.slice(1);
  if (!session || (hash && !hash.startsWith("/"))) return; // a link within the page
  const path = hash || "/door";
  for (const [pattern, view, name] of ROUTES) {
    const match = pattern.exec(path);
    if (!match) continue;
    for (const link of document.querySelectorAll("#views a")) {
      if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    draw(view, { session, go, parameters: match.slice(1) });
    return;
  }
  go("/door");
}

/** Show a view; the one before is told to stop. */
async function draw(view, context) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const container = element("div", { class: "view", "aria-busy": "true" });
  const heading = element("h1", { tabindex: -1 }, view.title);
  const content = document.getElementById("content");
  const first = !content.querySelector("h1");
  content.replaceChildren(heading, container);
  document.title = view.title === "Likeness" ? "Likeness" : `${view.title} · Likeness`;
  scrollTo(0, 0);
  if (!first) heading.focus({ preventScroll: true });
  try {
    await view.show(container, { ...context, signal });
  } catch (error) {
    if (signal.aborted) return;
    container.replaceChildren(errorNote(error));
    announce(error.message);
  } finally {
    container.removeAttribute("aria-busy");
  }
}

function drawNavigation() {
  const links = session
    ? Object.entries(VIEWS).map(([name, view]) => element("li", {}, element("a", { href: `#/${name}` }, icon(name), element("span", {}, view.title))))
    : [];
  document.getElementById("views").replaceChildren(...(links.length ? [element("ul", {}, links)] : []));
  document.getElementById("views").hidden = !links.length;
}

function drawCorner() {
  const who = session
    ? [
        element("p", { class: "who" }, element("span", { class: "who-name", title: session.name }, session.name), element("span", { class: "role" }, session.role)),
        session.keyed
          ? button("Sign out", {
              picture: "leave",
              kind: "quiet only-icon",
              title: "Sign out",
              onclick: () => {
                forget();
                askForKey();
              },
            })
          : null,
      ].filter(Boolean)
    : [];
  document.getElementById("corner").replaceChildren(...who, themeToggle());
}
