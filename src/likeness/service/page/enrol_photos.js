/* Enrol photos one after the other, and gather what the service says to each. */

import { element } from "./element.js";
import { enrolledNotes } from "./enrolled_notes.js";
import { chooseFace } from "./face_choice.js";
import { errorNote } from "./notes.js";
import { counted } from "./words.js";

/**
 * Enrol them.
 * @param {object} session
 * @param {Blob[]} photos
 * @param {object} whose `person` for somebody enrolled, or the `name` of somebody new: the first
 *   photo that is taken makes the person.
 * @param {boolean} keep whether the photos themselves are kept.
 * @returns {Promise<{person, notes, words, refused}>} `person` is null if no photo was taken,
 *   `refused` the photos that were not.
 */
export async function enrolPhotos(session, photos, { person = null, name = null, keep = false }) {
  const notes = element("div", { class: "stack" });
  const refused = [];
  let enrolled = 0;
  for (const [index, photo] of photos.entries()) {
    const words = photos.length > 1 ? `Photo ${index + 1} is enrolled.` : "The photo is enrolled.";
    const send = (sent) =>
      person
        ? session.api.photo(`/api/v1/people/${person.id}/photos`, sent, { query: { keep } })
        : session.api.photo("/api/v1/enrol", sent, { query: { name, keep } });
    try {
      const done = await send(photo).catch(async (error) => {
        const face = error.code === "several-faces" ? await chooseFace(session, photo) : null;
        if (!face) throw error;
        return send(face);
      });
      person ??= done.person;
      enrolled += 1;
      notes.append(enrolledNotes(done, words));
    } catch (error) {
      refused.push(photo);
      const which = photos.length > 1 ? element("h3", {}, `Photo ${index + 1}`) : null;
      notes.append(...[which, errorNote(error)].filter(Boolean));
    }
  }
  const words = `${counted(enrolled, "photo")} of ${photos.length} enrolled.`;
  return { person, notes, words, refused };
}
