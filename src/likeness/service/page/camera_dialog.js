/* Take one photo with the webcam. */

import { Camera, cameras } from "./camera.js";
import { openDialog } from "./dialogs.js";
import { button, element } from "./element.js";
import { errorNote } from "./notes.js";

/** Ask for a photo; returns a JPEG, or undefined if none was taken. */
export async function takePhoto() {
  const video = element("video", { class: "waiting", "aria-label": "The camera's picture" });
  const camera = new Camera(video);
  const trouble = element("div", {});
  const choice = element("div", {});
  const show = async (device) => {
    trouble.replaceChildren();
    try {
      await camera.start(device, () => trouble.replaceChildren(errorNote(new Error("The camera was disconnected."))));
      video.classList.remove("waiting");
      choice.replaceChildren(...cameraChoice(await cameras(), device, show));
    } catch (error) {
      trouble.replaceChildren(errorNote(error));
    }
  };
  show(null);
  try {
    return await openDialog(
      "Take a photo",
      [
        element("p", { class: "faint" }, "From the front, in even light, one person in the picture."),
        trouble,
        element("div", { class: "stage small-stage" }, video),
        choice,
      ],
      (close) => [
        button("Cancel", { onclick: () => close() }),
        button("Take the photo", {
          picture: "camera",
          kind: "first",
          autofocus: true,
          onclick: async () => {
            if (camera.open) close(await camera.frame({ longest: 1280, quality: 0.92 }));
          },
        }),
      ],
      { wide: true },
    );
  } finally {
    camera.stop();
  }
}

/** A choice among several cameras; nothing for one. */
export function cameraChoice(available, chosen, onChange) {
  if (available.length < 2) return [];
  return [
    element(
      "label",
      { class: "field inline" },
      element("span", {}, "Camera"),
      element(
        "select",
        { on: { change: (event) => onChange(event.target.value) } },
        available.map(({ id, label }) => element("option", { value: id, selected: id === chosen }, label)),
      ),
    ),
  ];
}
