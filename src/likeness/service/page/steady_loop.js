/* A loop: one step at a time, as fast as the responses come, and never a queue. */

const SHORTEST = 80;
const WINDOW = 3000;

export class SteadyLoop {
  #step;
  #onRate;
  #run = null;
  #done = [];

  /**
   * @param {function} step async; the next one starts after it. It may return milliseconds to wait.
   * @param {function(number)} onRate is given the steps per second after each step.
   */
  constructor(step, onRate) {
    this.#step = step;
    this.#onRate = onRate;
  }

  get running() {
    return this.#run !== null;
  }

  async start() {
    if (this.#run) return;
    const run = (this.#run = Symbol("run")); // a stopped run may still wait for its answer
    this.#done = [];
    while (this.#run === run) {
      const began = performance.now();
      const wait = document.hidden ? 500 : ((await this.#step()) ?? 0);
      const now = performance.now();
      if (!wait && this.#run === run) this.#count(now);
      await pause(Math.max(wait, SHORTEST - (now - began)));
    }
  }

  stop() {
    this.#run = null;
  }

  #count(now) {
    this.#done.push(now);
    this.#done = this.#done.filter((time) => time > now - WINDOW);
    const spent = now - this.#done[0];
    if (spent > 0) this.#onRate((1000 * (this.#done.length - 1)) / spent);
  }
}

function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time)));
}
