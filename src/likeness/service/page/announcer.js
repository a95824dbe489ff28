/* Announcements for screen readers: only what changed, and not several times a second. */

const QUIET = 1500;

let last = "";
let pending = 0;
let spokenAt = 0;

/** Say a sentence politely; the newest one wins, and the same one is not said twice running. */
export function announce(sentence, { again = false } = {}) {
  clearTimeout(pending);
  const wait = Math.max(50, spokenAt + QUIET - performance.now());
  pending = setTimeout(() => {
    if (sentence === last && !again) return;
    last = sentence;
    spokenAt = performance.now();
    document.getElementById("live").textContent = sentence;
  }, wait);
}
