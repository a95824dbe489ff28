/* The door: who is in front of the camera, or on a photo. */

import { announce } from "../announcer.js";
import { AnswerCard } from "../answer_card.js";
import { FaceBoxes, inPictureOrder } from "../boxes.js";
import { Camera, cameras } from "../camera.js";
import { cameraChoice } from "../camera_dialog.js";
import { drawPart } from "../crops.js";
import { button, element, icon } from "../element.js";
import { approve, enrolFromDoor } from "../further_photo.js";
import { errorNote, note } from "../notes.js";
import { acceptDrops } from "../photo_input.js";
import { sentence } from "../status.js";
import { SteadyLoop } from "../steady_loop.js";
import { milliseconds } from "../words.js";

export const title = "Door";

export function show(container, { session, signal }) {
  const door = new Door(session, signal);
  container.append(door.element);
  signal.addEventListener("abort", () => door.close());
}

class Door {
  #video = element("video", { "aria-label": "The camera's picture", hidden: true });
  #picture = element("img", { alt: "The chosen photo", hidden: true });
  #boxes = new FaceBoxes();
  #empty = emptyStage();
  #trouble = element("div", {});
  #answers = element("ul", { class: "answers" });
  #cautions = element("div", {});
  #cautious = "";
  #nobody = element("p", { class: "faint" }, "Start the camera or choose a photo to see the answers here.");
  #rate = element("p", { class: "rate", "aria-hidden": "true" });
  #choice = element("div", {});
  #cards = [];
  #photo = null;
  #heard = "";
  #heardTimes = 0;

  constructor(session, signal) {
    this.session = session;
    this.signal = signal;
    this.camera = new Camera(this.#video);
    this.loop = new SteadyLoop(
      () => this.#identifyFrame(),
      (rate) => (this.#rate.textContent = `${rate.toFixed(1)} frames a second`),
    );
    this.stage = element("div", { class: "stage" }, this.#empty, this.#video, this.#picture, this.#boxes.element);
    acceptDrops(this.stage, ([photo]) => photo && this.#showPhoto(photo));
    this.start = button("Start the camera", { picture: "camera", kind: "first", onclick: () => this.#open(null) });
    this.pause = button("Pause", { picture: "pause", hidden: true, onclick: () => this.#pauseOrResume() });
    this.stop = button("Stop", { picture: "stop", hidden: true, onclick: () => this.#stopCamera() });
    const chooser = element("input", {
      type: "file",
      accept: "image/*",
      on: {
        change: () => {
          if (chooser.files[0]) this.#showPhoto(chooser.files[0]);
          chooser.value = "";
        },
      },
    });
    this.element = element(
      "div",
      { class: "door" },
      element(
        "section",
        { class: "card", "aria-labelledby": "picture" },
        element("h2", { id: "picture", class: "for-readers" }, "Picture"),
        this.stage,
        element(
          "div",
          { class: "row" },
          this.start,
          this.pause,
          this.stop,
          element("label", { class: "button chooser" }, chooser, icon("photo"), element("span", {}, "Choose a photo")),
          this.#rate,
        ),
        this.#choice,
        this.#trouble,
      ),
      element(
        "section",
        { class: "card", "aria-labelledby": "who" },
        element("h2", { id: "who" }, "Who it is"),
        this.#nobody,
        this.#answers,
        this.#cautions,
      ),
      element(
        "p",
        { class: "liveness" },
        icon("warning"),
        element("span", {}, element("strong", {}, "There is no liveness detection."), " A photo held up to the camera counts as the person on it. Do not let this page alone open a door."),
      ),
    );
  }

  close() {
    this.loop.stop();
    this.camera.stop();
    this.#forgetPhoto();
  }

  async #open(device) {
    this.#trouble.replaceChildren();
    this.start.disabled = true;
    try {
      await this.camera.start(device, () => {
        this.#stopCamera();
        this.#trouble.replaceChildren(errorNote(new Error("The camera was disconnected. Connect it, then start it again.")));
      });
    } catch (error) {
      this.#stopCamera();
      this.#trouble.replaceChildren(errorNote(error));
      return;
    } finally {
      this.start.disabled = false;
    }
    if (this.signal.aborted) return this.camera.stop();
    this.#forgetPhoto();
    this.#choice.replaceChildren(...cameraChoice(await cameras(), device, (other) => this.#open(other)));
    const { videoWidth, videoHeight } = this.#video;
    this.#showStage(this.#video, videoWidth, videoHeight);
    const focused = document.activeElement === this.start;
    this.#buttons({ live: true });
    if (focused) this.pause.focus();
    this.#resume();
  }

  #resume() {
    this.#video.play();
    setWords(this.pause, "Pause", "pause");
    this.loop.start().catch((error) => this.#fail(error));
  }

  #pauseOrResume() {
    if (!this.loop.running) return this.#resume();
    this.#freeze();
  }

  #freeze() {
    this.loop.stop();
    this.#video.pause();
    this.#rate.textContent = "paused";
    setWords(this.pause, "Resume", "play");
  }

  #stopCamera() {
    this.loop.stop();
    this.camera.stop();
    this.#trouble.replaceChildren();
    this.#choice.replaceChildren();
    this.#clear("Start the camera or choose a photo to see the answers here.");
    const focused = this.element.contains(document.activeElement);
    this.#buttons({ live: false });
    if (focused) this.start.focus();
  }

  #buttons({ live }) {
    this.start.hidden = live;
    this.pause.hidden = !live;
    this.stop.hidden = !live;
    if (!live) this.#rate.textContent = "";
  }

  #clear(words) {
    this.#video.hidden = true;
    this.#picture.hidden = true;
    this.#empty.hidden = false;
    this.#boxes.clear();
    this.stage.style.aspectRatio = "";
    this.#show({ faces: [] }, words);
  }

  #showStage(shown, width, height) {
    this.#empty.hidden = true;
    this.#video.hidden = shown !== this.#video;
    this.#picture.hidden = shown !== this.#picture;
    this.#boxes.clear();
    if (width && height) this.stage.style.aspectRatio = `${width} / ${height}`;
  }

  /** One frame to the service and back; returns how long to wait if it is busy. */
  async #identifyFrame() {
    const frame = await this.camera.frame();
    try {
      const answer = await this.#identify(frame);
      if (!this.loop.running) return 0;
      this.#photo = frame;
      this.#trouble.replaceChildren();
      this.#show(answer, "No face in the picture.");
      return 0;
    } catch (error) {
      if (error.name === "AbortError" || !this.loop.running) return 0;
      const busy = error.status === 503 || error.status === 429 || error.status === 504 || error.code === "unreachable";
      this.#trouble.replaceChildren(errorNote(error));
      if (busy) return 1000 * Math.max(1, error.retryAfter);
      this.#freeze();
      return 0;
    }
  }

  #fail(error) {
    this.#freeze();
    this.#trouble.replaceChildren(errorNote(error));
  }

  async #showPhoto(photo) {
    if (this.camera.open) this.#stopCamera();
    this.#forgetPhoto();
    this.#trouble.replaceChildren();
    this.#photo = photo;
    this.#picture.src = URL.createObjectURL(photo);
    this.#rate.textContent = "identifying …";
    try {
      const answer = await this.#identify(photo);
      this.#showStage(this.#picture, answer.width, answer.height);
      this.#rate.textContent = `answered in ${milliseconds(answer.milliseconds)}`;
      this.#show(answer, "No face was found in this photo.");
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#clear("This photo could not be identified.");
      this.#rate.textContent = "";
      this.#trouble.replaceChildren(errorNote(error));
    }
  }

  #identify(photo) {
    return this.session.api.photo("/api/v1/identify", photo, {
      query: { all_faces: true, top_k: 3 },
      signal: this.signal,
    });
  }

  #forgetPhoto() {
    if (this.#picture.src) URL.revokeObjectURL(this.#picture.src);
    this.#picture.removeAttribute("src");
    this.#photo = null;
  }

  #show({ width, height, faces }, nobody) {
    const answer = { width, height, faces: inPictureOrder(faces) };
    const several = faces.length > 1;
    this.#boxes.show(answer);
    this.#nobody.hidden = answer.faces.length > 0;
    this.#nobody.textContent = nobody;
    while (this.#cards.length < answer.faces.length) this.#cards.push(this.#card());
    while (this.#cards.length > answer.faces.length) this.#cards.pop().element.remove();
    answer.faces.forEach((face, index) => this.#cards[index].show(face, several ? index + 1 : null));
    if (several) this.#crop(answer.faces);
    this.#caution([...new Set(answer.faces.flatMap((face) => face.warnings ?? []))]);
    this.#tell(answer.faces.map(sentence).join(" ") || nobody);
  }

  /** Draw each face of a group into its card: names alone do not tell who is who. */
  async #crop(faces) {
    const photo = this.#photo;
    const whole = await createImageBitmap(photo).catch(() => null);
    if (!whole || photo !== this.#photo) return;
    faces.forEach((face, index) => face.box && this.#cards[index] && drawPart(this.#cards[index].crop, whole, face.box));
    whole.close();
  }

  /** What the calibration does not cover: said once for all faces, drawn when it changes. */
  #caution(warnings) {
    if (warnings.join() === this.#cautious) return;
    this.#cautious = warnings.join();
    this.#cautions.replaceChildren(...(warnings.length ? [note("warning", warnings)] : []));
  }

  #card() {
    const operator = this.session.may("operator");
    const card = new AnswerCard({
      onApprove: operator ? (face) => this.#withPhoto(face, approve) : null,
      onEnrol: operator ? (face) => this.#withPhoto(face, enrolFromDoor) : null,
    });
    this.#answers.append(card.element);
    return card;
  }

  /** Stop at the very frame that was answered, and do something with it. */
  async #withPhoto(face, act) {
    const live = this.loop.running;
    if (live) this.#freeze();
    await act(this.session, this.#photo, face, { others: this.#cards.length > 1 });
    if (live && !this.signal.aborted && this.camera.open) this.#resume();
  }

  /** Announced once an answer has stayed the same for three frames, or at once for a photo. */
  #tell(words) {
    this.#heardTimes = words === this.#heard ? this.#heardTimes + 1 : 1;
    this.#heard = words;
    if (this.#heardTimes === (this.loop.running ? 3 : 1)) announce(words);
  }
}

function emptyStage() {
  return element(
    "div",
    { class: "empty-stage" },
    icon("camera"),
    element("p", {}, "Start the camera, or drop a photo here."),
  );
}

function setWords(made, words, picture) {
  made.replaceChildren(icon(picture), element("span", {}, words));
}
