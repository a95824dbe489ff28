/* Numbers, dates and lists as people read them. */

/** A share as per cent: «93 %», «99.7 %», «0.3 %», and never a rounded 100 % or 0 %. */
export function percent(share) {
  if (share === null || share === undefined) return "–";
  const value = 100 * share;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  if (value < 100 && value > 99.9) return "> 99.9 %";
  return `${value < 10 || value > 99 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

/** A distance with four significant digits. The API calls it an energy: lower is more alike. */
export function distance(value) {
  return value === null || value === undefined ? "–" : String(Number(value.toPrecision(4)));
}

/** «1 photo», «3 photos»; `many` where the plural is another word. */
export function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** When, in the reader's own time zone. */
export function moment(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return String(iso ?? "–");
  return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** On which day, in the reader's own time zone. */
export function day(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return String(iso ?? "–");
  return date.toLocaleDateString("en-GB", { dateStyle: "medium" });
}

/** Milliseconds, without needless digits. */
export function milliseconds(value) {
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value).toLocaleString("en")} ms`;
}
