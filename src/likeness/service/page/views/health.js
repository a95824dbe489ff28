/* The state of the service, its request times and its audit log. */

import { AuditLog } from "../audit_log.js";
import { button, element, icon } from "../element.js";
import { fact } from "../facts.js";
import { errorNote, note } from "../notes.js";
import { requestTimes, samples } from "../prometheus.js";
import { counted, milliseconds, moment } from "../words.js";

export const title = "Health";

const TIMES = "likeness_request_seconds";

export async function show(container, { session, signal }) {
  const state = element("section", { class: "card", "aria-labelledby": "state" });
  const times = element("section", { class: "card", "aria-labelledby": "times" });
  const refresh = async () => {
    await Promise.all([drawState(state, session, signal, refresh), drawTimes(times, session, signal)]);
  };
  container.append(state, times);
  await refresh();
  if (session.may("admin")) container.append(await audit(session, signal));
}

async function drawState(container, session, signal, refresh) {
  const [live, ready] = await Promise.all([probe(session, "/health/live", signal), probe(session, "/health/ready", signal)]);
  container.replaceChildren(
    element(
      "div",
      { class: "row apart" },
      element("h2", { id: "state" }, "State"),
      button("Refresh", { picture: "refresh", kind: "quiet", onclick: refresh }),
    ),
    element("div", { class: "figures" }, light(live, "Running", "Not responding"), light(ready, "Ready", "Not ready")),
    element(
      "dl",
      { class: "facts" },
      ready.said && fact("People", ready.said.people.toLocaleString("en")),
      ready.said && fact("Model", ready.said.model),
      fact("Checked", moment(new Date().toISOString())),
    ),
    ready.said?.model_refused ? note("warning", ready.said.model_refused) : "",
  );
}

async function probe(session, path, signal) {
  try {
    return { said: await session.api.get(path, { signal }) };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { error };
  }
}

function light({ error }, good, bad) {
  return element(
    "div",
    {},
    element("p", { class: `verdict ${error ? "ambiguous" : "known"}` }, icon(error ? "warning" : "known"), error ? bad : good),
    error && element("p", { class: "faint" }, error.message),
  );
}

async function drawTimes(container, session, signal) {
  const head = element("h2", { id: "times" }, "Request times");
  let text;
  try {
    text = await session.api.text("/metrics", { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return container.replaceChildren(head, errorNote(error));
  }
  const rows = requestTimes(text, TIMES);
  const failed = samples(text).filter(({ labels }) => /^5/.test(labels.status ?? ""));
  container.replaceChildren(
    head,
    rows.length ? timesTable(rows) : element("p", { class: "faint" }, "No requests yet."),
    element("p", { class: "faint" }, failures(failed)),
  );
}

function failures(failed) {
  const count = failed.filter(({ name }) => name.endsWith("_total") || name.endsWith("_count")).reduce((all, { value }) => all + value, 0);
  return count ? `${counted(count, "server error")} since start.` : "No server errors since start.";
}

function timesTable(rows) {
  return table(
    "Request times",
    ["Route", "Requests", "Mean", "90 % within"],
    rows.map(({ route, count, mean, slow }) => [
      element("code", {}, route),
      count.toLocaleString("en"),
      milliseconds(mean),
      slow === null ? "–" : Number.isFinite(slow) ? milliseconds(slow) : "longer than measured",
    ]),
  );
}

async function audit(session, signal) {
  const body = element("div", {});
  const more = element("div", { class: "row middle" });
  const rows = [];
  const log = new AuditLog(async (query) => (await session.api.get("/api/v1/audit", { query, signal })).entries);
  const read = async () => {
    rows.push(...(await log.earlier()).map(entryRow));
    body.replaceChildren(
      rows.length ? table("Audit log", ["When", "Who", "What", "Person", "Details"], rows) : element("p", { class: "faint" }, "No entries yet."),
    );
    more.replaceChildren(...(log.more ? [button("Show earlier entries", { onclick: read })] : []));
  };
  try {
    await read();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    body.replaceChildren(errorNote(error));
  }
  return element(
    "section",
    { class: "card", "aria-labelledby": "audit" },
    element("h2", { id: "audit" }, "Audit log"),
    element("p", { class: "faint" }, "Every change and every identification, the newest first, without names and without photos."),
    body,
    more,
  );
}

function entryRow(entry) {
  return [moment(entry.when), entry.who, entry.what, entry.person_id ?? "–", details(entry)];
}

function details(entry) {
  const detail = typeof entry.detail === "string" ? JSON.parse(entry.detail) : entry.detail;
  const said = Object.entries(detail ?? {}).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`);
  if (entry.receipt) said.push(`receipt ${entry.receipt}`);
  return element("span", { class: "small" }, said.join(", ") || "–");
}

function table(label, head, rows) {
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, head.map((words) => element("th", { scope: "col" }, words)))),
      element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((cell) => element("td", {}, cell))))),
    ),
  );
}
