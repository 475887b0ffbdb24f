// The cards to come, ready in the browser: the next one shows at once.
import { form, isLost, main } from "./card.js";
import * as outbox from "./outbox.js";
import { show } from "./painting.js";
import { parsed } from "./requests.js";

export const shelf = new Map(); // cards by slot, in order
let nothing = null; // why there are no more cards, as the server last said

export function advance() {
  const [slot, card] = shelf.entries().next().value ?? [];
  if (card) {
    shelf.delete(slot);
    show(card.content);
  } else {
    const empty = nothing && !outbox.unsent().length ? nothing : document.getElementById("away");
    show(empty.content.cloneNode(true));
  }
}

// Return the card in sight to the front of the shelf, with everything typed into it.
export function setAside() {
  const current = form();
  if (!current || current.dataset.phase === "amend" || isLost()) return;
  const card = document.createElement("template");
  card.content.append(...main.children);
  const others = [...shelf];
  shelf.clear();
  for (const [slot, each] of [[current.dataset.slot, card], ...others]) shelf.set(slot, each);
}

// A response brings new cards or the reason why there are none, and the head of the page.
export function takeIn(html) {
  const response = parsed(html);
  for (const id of ["progress", "last"]) {
    const old = document.getElementById(id);
    if (!old.contains(document.activeElement)) old.replaceWith(response.getElementById(id));
  }
  nothing = response.querySelector("template[data-nothing]");
  const answered = new Set(outbox.unsent().map(([, entry]) => entry.slot));
  for (const card of response.querySelectorAll("template[data-slot]")) {
    const { slot } = card.dataset;
    if (form()?.dataset.slot === slot && form().dataset.phase !== "amend") show(card.content);
    else if (!answered.has(slot)) shelf.set(slot, card);
  }
  if (!form() && (shelf.size || nothing)) advance();
}

// The slots whose cards the browser has: the server need not send them again.
export function heldSlots() {
  const slots = [...shelf.keys(), ...outbox.unsent().map(([, entry]) => entry.slot)];
  return [...new Set(form() ? [form().dataset.slot, ...slots] : slots)];
}
