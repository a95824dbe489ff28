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
    visible.forEach((face, index) => put(this.#boxes[index], face, { width, height }));
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

function put(box, face, { width, height }) {
  const [top, left, bottom, right] = face.box;
  const low = top < 0.14 * height ? " low" : "";
  const fromRight = left + right > 1.2 * width ? " from-right" : "";
  box.className = `box ${face.status}${low}${fromRight}`;
  box.style.top = `${(100 * top) / height}%`;
  box.style.left = `${(100 * left) / width}%`;
  box.style.width = `${(100 * (right - left)) / width}%`;
  box.style.height = `${(100 * (bottom - top)) / height}%`;
  box.firstElementChild.replaceChildren(icon(STATUSES[face.status].picture), element("span", {}, headline(face)));
}
