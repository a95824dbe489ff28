/* The audit log, newest first. The service sends it oldest first, from a number on; the newest entry is
   found by an exponential search for the last number with an entry after it, then by bisection. */

const PAGE = 25;

export class AuditLog {
  #load;
  #before = null;

  /** @param {function} load given {after, limit}, returns the entries after that number. */
  constructor(load) {
    this.#load = load;
  }

  /** Whether there are earlier entries than those read. */
  get more() {
    return this.#before === null || this.#before > 0;
  }

  /** Read the next entries back in time, the newest first. */
  async earlier() {
    const end = this.#before ?? (await this.#last());
    const after = Math.max(0, end - PAGE);
    this.#before = after;
    if (end === 0) return [];
    const entries = await this.#load({ after, limit: end - after });
    return entries.filter(({ number }) => number <= end).reverse();
  }

  /** The number of the newest entry; 0 if there is none. */
  async #last() {
    const some = async (after) => (await this.#load({ after, limit: 1 })).length > 0;
    if (!(await some(0))) return 0;
    let known = 0; // there is something after it
    let free = 1; // perhaps nothing
    while (await some(free)) {
      known = free;
      free *= 2;
    }
    while (free - known > 1) {
      const middle = Math.floor((known + free) / 2);
      if (await some(middle)) known = middle;
      else free = middle;
    }
    return free;
  }
}
