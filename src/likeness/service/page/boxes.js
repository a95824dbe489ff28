/* Boxes over a picture: one for each face, with its name. They are moved, not created again. */

import { element, icon } from "./element.js";
import { headline, STATUSES } from "./status.js";

export class FaceBoxes {
  #boxes = [];

  /** Hidden from screen readers: the answers beside the picture say the same in words. */
  element = element("div", { class: "boxes", "aria-hidden": "true" });

  /** Show the faces of an answer, over a picture of its `width` × `height`. */
  show({ width, height, faces }) {
    const visible = faces.filter((face) => face.box);
    while (this.#boxes.length < visible.length) this.#add();
    while (this.#boxes.length > visible.length) this.#boxes.pop().remove();
    const number = (face) => (faces.length > 1 ? `${faces.indexOf(face) + 1} · ` : "");
    visible.forEach((face, index) => put(this.#boxes[index], face, { width, height, number: number(face) }));
  }

  clear() {
    this.show({ faces: [] });
  }

  #add() {
    const box = element("div", {}, element("span", { class: "box-name" }));
    this.#boxes.push(box);
    this.element.append(box);
  }
}

/** Faces in the order in which a photo is read: row by row from the top, each from the left. */
export function inPictureOrder(faces) {
  const boxed = faces.filter((face) => face.box);
  const middle = ({ box: [top, , bottom] }) => (top + bottom) / 2;
  const rows = [];
  for (const face of [...boxed].sort((one, other) => middle(one) - middle(other))) {
    const row = rows.at(-1);
    const tall = face.box[2] - face.box[0];
    if (row && middle(face) - middle(row[0]) < tall / 2) row.push(face);
    else rows.push([face]);
  }
  const ordered = rows.flatMap((row) => row.sort((one, other) => one.box[1] - other.box[1]));
  return [...ordered, ...faces.filter((face) => !face.box)];
}

function put(box, face, { width, height, number }) {
  const [top, left, bottom, right] = face.box;
  const low = top < 0.14 * height ? " low" : "";
  const fromRight = left + right > 1.2 * width ? " from-right" : "";
  box.className = `box ${face.status}${low}${fromRight}`;
  box.style.top = `${(100 * top) / height}%`;
  box.style.left = `${(100 * left) / width}%`;
  box.style.width = `${(100 * (right - left)) / width}%`;
  box.style.height = `${(100 * (bottom - top)) / height}%`;
  box.firstElementChild.replaceChildren(icon(STATUSES[face.status].picture), element("span", {}, `${number}${headline(face)}`));
}
