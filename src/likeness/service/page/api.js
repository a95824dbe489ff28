/* Requests to the service: one key, one kind of request, one kind of error. */

/** Why the service refused a request, in its own words (RFC 9457), or why it did not respond. */
export class Problem extends Error {
  constructor({ status = 0, code = "", title = "", detail = "", instance = "", retryAfter = 0 }) {
    super(detail || title || `The service answered with status ${status}.`);
    Object.assign(this, { status, code, title, instance, retryAfter });
  }
}

export class Api {
  #key;
  #onRefused;

  /**
   * @param {string|null} key of this person; null where the service runs without keys.
   * @param {function} onRefused called when the key is no longer valid.
   */
  constructor(key, onRefused = () => {}) {
    this.#key = key;
    this.#onRefused = onRefused;
  }

  /** Ask for JSON. */
  async get(path, { query, signal } = {}) {
    return (await this.ask("GET", path, { query, signal })).json();
  }

  /** Ask for plain text. */
  async text(path, { signal } = {}) {
    return (await this.ask("GET", path, { signal })).text();
  }

  /** Send JSON, or nothing; returns JSON. */
  async send(method, path, { json, query, signal } = {}) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const type = json === undefined ? undefined : "application/json";
    return (await this.ask(method, path, { body, type, query, signal })).json();
  }

  /** Post the bytes of a photo; returns JSON. */
  async photo(path, photo, { query, signal } = {}) {
    const type = photo.type.startsWith("image/") ? photo.type : "application/octet-stream";
    return (await this.ask("POST", path, { body: photo, type, query, signal })).json();
  }

  /** Post photos as fields of a form; returns JSON. */
  async photos(path, fields, { signal } = {}) {
    const body = new FormData();
    for (const [name, photo] of Object.entries(fields)) body.append(name, photo, name);
    return (await this.ask("POST", path, { body, signal })).json();
  }

  /** Send a request; returns the response of an answer, throws a `Problem` otherwise. */
  async ask(method, path, { body, type, query, signal } = {}) {
    const headers = { Accept: "application/json" };
    if (this.#key) headers.Authorization = `Bearer ${this.#key}`;
    if (type) headers["Content-Type"] = type;
    let response;
    try {
      response = await fetch(addressOf(path) + queryText(query), { method, headers, body, signal, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem({ code: "unreachable", detail: "The service cannot be reached. Is it still running?" });
    }
    if (response.ok) return response;
    if (response.status === 401 && this.#key) this.#onRefused();
    throw await problemOf(response);
  }
}

/** Return a path of the service below the page's own address: a proxy may serve it under a prefix. */
function addressOf(path) {
  return new URL(path.slice(1), new URL("..", import.meta.url)).href;
}

function queryText(query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

async function problemOf(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  let said = {};
  try {
    said = await response.json();
  } catch {
    said = { detail: `The service answered with status ${response.status} and no reason.` };
  }
  const { code, title, detail, instance } = said ?? {};
  return new Problem({ status: response.status, code, title, detail, instance, retryAfter });
}
