/* Who is signed in. The key is stored for this tab only, and is deleted when the tab is closed. */

import { Api } from "./api.js";

const STORAGE_KEY = "likeness-key";
const ROLES = ["viewer", "operator", "admin"];

export class Session {
  constructor(api, { name, role }, { keyed }) {
    Object.assign(this, { api, name, role, keyed });
  }

  /** Whether this role includes another one. */
  may(role) {
    return ROLES.indexOf(this.role) >= ROLES.indexOf(role);
  }
}

/**
 * Continue with the key of this tab, or without one if the service needs none.
 * @returns {Promise<Session|null>} null if a key is needed.
 * @throws {Problem} the service does not respond.
 */
export async function resume(onRefused) {
  const key = sessionStorage.getItem(STORAGE_KEY);
  if (key === null && (await new Api(null).get("/health/live")).keys) return null;
  try {
    return await opened(key, onRefused);
  } catch (problem) {
    if (problem.status !== 401 && problem.status !== 403) throw problem;
    forget();
    return null;
  }
}

/** Sign in with a key; throws a `Problem` if it is refused. */
export async function signIn(key, onRefused) {
  const session = await opened(key, onRefused);
  sessionStorage.setItem(STORAGE_KEY, key);
  return session;
}

export function forget() {
  sessionStorage.removeItem(STORAGE_KEY);
}

async function opened(key, onRefused) {
  const who = await new Api(key).get("/api/v1/session");
  return new Session(new Api(key, onRefused), who, { keyed: key !== null });
}
