/* The three answers, the same everywhere: an icon, a word, and a colour. */

export const STATUSES = {
  known: { picture: "known", word: "Recognised" },
  unknown: { picture: "unknown", word: "Not recognised" },
  ambiguous: { picture: "ambiguous", word: "Ambiguous" },
};

/** Whose name an answer gives: the person's, or what to say instead of one. */
export function headline(face) {
  if (face.status === "known") return face.name;
  if (face.status === "ambiguous") {
    const [first, second] = face.nearest ?? [];
    return second ? `${first.name} or ${second.name}` : "Ambiguous";
  }
  return "Unknown";
}

/** An answer in a sentence, for those who hear it. */
export function sentence(face) {
  if (face.status === "known") return `${face.name}.`;
  if (face.status === "ambiguous") return `Ambiguous: ${headline(face)}.`;
  return "Somebody unknown.";
}
