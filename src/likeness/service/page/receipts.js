/* The receipt of a deletion: shown, and taken away as a file, since nobody else keeps it. */

import { openDialog } from "./dialogs.js";
import { button, element, icon } from "./element.js";
import { fact } from "./facts.js";
import { moment } from "./words.js";

/** Show a receipt until it is closed by its button: Esc would lose what exists nowhere else. */
export function showReceipt(receipt) {
  const sound = receipt.verified_absent;
  return openDialog(
    "Receipt",
    [
      element(
        "p",
        { class: `verdict ${sound ? "known" : "ambiguous"}` },
        icon(sound ? "known" : "warning"),
        sound ? "Deleted, and verified to be gone." : "Deleted, but not yet verified to be gone.",
      ),
      element("ul", { class: "sentences" }, (receipt.sentences ?? []).map((said) => element("li", {}, said))),
      element(
        "dl",
        { class: "facts" },
        fact("Receipt", receipt.id),
        fact("When", moment(receipt.when)),
        fact("By", receipt.by),
      ),
      element(
        "p",
        { class: "faint" },
        "Keep the file: it holds a secret that is stored nowhere else, and proves against the audit log what was deleted.",
      ),
    ],
    (close) => [
      element(
        "a",
        { class: "button", href: fileOf(receipt), download: `receipt-${receipt.id}.json` },
        icon("download"),
        element("span", {}, "Download as JSON"),
      ),
      button("Close the receipt", { kind: "first", onclick: () => close() }),
    ],
    { kept: () => true, crossed: false },
  );
}

function fileOf(receipt) {
  const text = JSON.stringify(receipt, null, 2) + "\n";
  return URL.createObjectURL(new Blob([text], { type: "application/json" }));
}
