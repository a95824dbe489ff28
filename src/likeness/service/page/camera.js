/* The webcam: opened, read frame by frame as JPEG, and closed; its errors in words. */

const LONGEST = 640;
const QUALITY = 0.85;

const REASONS = {
  NotAllowedError: "The browser was not allowed to use the camera. Allow it in the address bar, then try again.",
  SecurityError: "The browser does not let this page use a camera. An administrator can allow it.",
  NotFoundError: "No camera was found. Connect one, or take a photo from a file.",
  OverconstrainedError: "The chosen camera is no longer there. Choose another one.",
  NotReadableError: "The camera is in use by another program. Close that one, then try again.",
  AbortError: "The camera stopped before it gave a picture. Try again.",
};

/** Why there is no picture, in a sentence. */
export class CameraError extends Error {
  constructor(error) {
    super(REASONS[error.name] ?? `The camera cannot be opened: ${error.message || error.name}.`);
  }
}

export class Camera {
  #stream = null;
  #canvas = document.createElement("canvas");

  /** @param {HTMLVideoElement} video where the picture is shown. */
  constructor(video) {
    this.video = video;
    video.muted = true;
    video.playsInline = true;
  }

  get open() {
    return this.#stream !== null;
  }

  /**
   * Open it.
   * @param {string|null} device of `cameras()`; the device's own choice if null.
   * @param {function} onLost called when it goes away by itself.
   * @throws {CameraError}
   */
  async start(device = null, onLost = () => {}) {
    this.stop();
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new CameraError({
        message: "browsers give a camera only to pages from this computer or over https",
      });
    }
    const wanted = { width: { ideal: 1280 }, height: { ideal: 720 } };
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: device ? { ...wanted, deviceId: { exact: device } } : { ...wanted, facingMode: "user" },
      });
      this.video.srcObject = this.#stream;
      await this.video.play();
    } catch (error) {
      this.stop();
      throw new CameraError(error);
    }
    this.#stream.getVideoTracks()[0].addEventListener("ended", () => {
      this.stop();
      onLost();
    });
  }

  /** Close it: its light goes out. */
  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
  }

  /** The present frame as a JPEG, at most `longest` pixels on its longer side. */
  frame({ longest = LONGEST, quality = QUALITY } = {}) {
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, longest / Math.max(videoWidth, videoHeight));
    this.#canvas.width = Math.round(videoWidth * scale);
    this.#canvas.height = Math.round(videoHeight * scale);
    this.#canvas.getContext("2d").drawImage(this.video, 0, 0, this.#canvas.width, this.#canvas.height);
    return new Promise((resolve, reject) => {
      const made = (blob) => (blob ? resolve(blob) : reject(new Error("The camera gave no picture.")));
      this.#canvas.toBlob(made, "image/jpeg", quality);
    });
  }
}

/** The cameras there are, as {id, label}; labels come with the first permission. */
export async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices
    .filter((device) => device.kind === "videoinput")
    .map((device, index) => ({ id: device.deviceId, label: device.label || `Camera ${index + 1}` }));
}
