/* Which of several faces in a photo is to be enrolled: a click says it. */

import { inPictureOrder } from "./boxes.js";
import { partOf } from "./crops.js";
import { openDialog } from "./dialogs.js";
import { button, element } from "./element.js";

/** Ask for one face of a photo; returns the part around it, or null if none was chosen. */
export async function chooseFace(session, photo) {
  const { width, height, faces } = await session.api.photo("/api/v1/identify", photo, {
    query: { all_faces: true, top_k: 1 },
  });
  const found = inPictureOrder(faces.filter((face) => face.box));
  if (!found.length) return null;
  const picture = element("img", { src: URL.createObjectURL(photo), alt: "The photo" });
  const stage = element("div", { class: "stage small-stage" }, picture);
  stage.style.aspectRatio = `${width} / ${height}`;
  const face = await openDialog(
    "Whose face is it?",
    [element("p", {}, "Several faces are in this photo. Choose the one to be enrolled."), stage],
    (close) => {
      stage.append(...found.map((one, index) => choiceOf(one, index + 1, { width, height, close })));
      return [button("Cancel", { onclick: () => close() })];
    },
    { wide: true },
  );
  URL.revokeObjectURL(picture.src);
  return face ? partOf(photo, face.box) : null;
}

function choiceOf(face, number, { width, height, close }) {
  const [top, left, bottom, right] = face.box;
  const made = element(
    "button",
    { type: "button", class: "face-choice", on: { click: () => close(face) } },
    element("span", {}, `Face ${number}`),
  );
  made.style.top = `${(100 * top) / height}%`;
  made.style.left = `${(100 * left) / width}%`;
  made.style.width = `${(100 * (right - left)) / width}%`;
  made.style.height = `${(100 * (bottom - top)) / height}%`;
  return made;
}
