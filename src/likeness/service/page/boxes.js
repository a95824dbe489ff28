/* Boxes over a picture: one for each face, with its name. */

import { element, icon } from "/page/element.js";
import { headline, STATUSES } from "/page/status.js";

/** The box of each face, to be laid over a picture of `width` × `height`. */
export function faceBoxes({ width, height, faces }) {
  return faces
    .filter((face) => face.box)
    .map((face) => {
      const [top, left, bottom, right] = face.box;
      const box = element(
        "div",
        { class: `box ${face.status}${top < 0.14 * height ? " low" : ""}${left + right > 1.2 * width ? " from-right" : ""}` },
        element("span", { class: "box-name" }, icon(STATUSES[face.status].picture), element("span", {}, headline(face))),
      );
      box.style.top = `${(100 * top) / height}%`;
      box.style.left = `${(100 * left) / width}%`;
      box.style.width = `${(100 * (right - left)) / width}%`;
      box.style.height = `${(100 * (bottom - top)) / height}%`;
      return box;
    });
}
