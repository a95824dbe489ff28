/* Input of photos: chosen, dropped, or taken with the webcam; each is shown at once. */

import { takePhoto } from "./camera_dialog.js";
import { button, element, icon } from "./element.js";

export class PhotoInput {
  #photos = [];
  #preview = element("div", { class: "previews" });
  #onChange;

  /**
   * @param {string} label what the photo is for.
   * @param {boolean} several whether more than one may be given.
   * @param {function(Blob[])} onChange is given all photos after each change.
   */
  constructor({ label, several = false, onChange = () => {} }) {
    this.#onChange = onChange;
    this.several = several;
    this.label = label;
    const input = element("input", {
      type: "file",
      accept: "image/*",
      multiple: several,
      on: {
        change: () => {
          this.take([...input.files]);
          input.value = "";
        },
      },
    });
    const zone = element(
      "label",
      { class: "drop" },
      input,
      icon("photo"),
      element("span", {}, several ? "Choose photos, or drop them here" : "Choose a photo, or drop it here"),
    );
    acceptDrops(zone, (photos) => this.take(photos));
    const webcam = button("Use the camera", {
      picture: "camera",
      onclick: async () => {
        const photo = await takePhoto();
        if (photo) this.take([photo]);
      },
    });
    this.element = element(
      "div",
      { class: "photo-input", role: "group", "aria-label": label },
      this.#preview,
      zone,
      webcam,
    );
  }

  get photos() {
    return [...this.#photos];
  }

  /** Add photos; without `several` the newest takes the target of the last one. */
  take(photos) {
    if (!photos.length) return;
    this.#photos = this.several ? [...this.#photos, ...photos] : photos.slice(-1);
    this.#draw();
    this.#onChange(this.photos);
  }

  clear() {
    this.#photos = [];
    this.#draw();
  }

  #draw() {
    for (const picture of this.#preview.querySelectorAll("img")) URL.revokeObjectURL(picture.src);
    this.#preview.replaceChildren(...this.#photos.map((photo, index) => this.#shown(photo, index)));
  }

  #shown(photo, index) {
    const words = this.several ? `Photo ${index + 1}` : this.label;
    return element(
      "figure",
      { class: "preview" },
      element("img", { src: URL.createObjectURL(photo), alt: words }),
      element(
        "button",
        {
          type: "button",
          class: "button quiet only-icon",
          on: {
            click: () => {
              this.#photos.splice(index, 1);
              this.#draw();
              this.#onChange(this.photos);
            },
          },
        },
        icon("close"),
        element("span", {}, `Remove ${words.toLowerCase()}`),
      ),
    );
  }
}

/** Let files be dropped on an element. */
export function acceptDrops(target, onPhotos) {
  const over = (event) => {
    event.preventDefault();
    target.classList.add("over");
  };
  target.addEventListener("dragenter", over);
  target.addEventListener("dragover", over);
  target.addEventListener("dragleave", () => target.classList.remove("over"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("over");
    onPhotos([...event.dataTransfer.files]);
  });
}
