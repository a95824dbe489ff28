/* A part of a photo: the face in a box, with a little around it. */

/**
 * Draw a part onto a canvas, which takes its size.
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap} whole
 * @param {number[]} box top, left, bottom, right.
 * @param {number} around share of the box's longer side that is added on each side.
 */
export function drawPart(canvas, whole, [top, left, bottom, right], around = 0.1) {
  const more = around * Math.max(bottom - top, right - left);
  const x = Math.max(0, left - more);
  const y = Math.max(0, top - more);
  canvas.width = Math.min(whole.width, right + more) - x;
  canvas.height = Math.min(whole.height, bottom + more) - y;
  canvas.getContext("2d").drawImage(whole, -x, -y);
  return canvas;
}

/** Return the part of a photo around a face, as a JPEG to be enrolled. */
export async function partOf(photo, box) {
  const canvas = drawPart(document.createElement("canvas"), await createImageBitmap(photo), box, 0.25);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
}
