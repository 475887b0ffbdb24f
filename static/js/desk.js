// The desk: one card in sight, the next ones on the shelf, answers on their way through the outbox.
import "./app.js";
import "./desk/agreeing.js";
import "./desk/back.js";
import "./desk/beside.js";
import "./desk/bindings.js";
import "./desk/heartbeat.js";
import "./desk/keys.js";
import { isOnScreen, resume } from "./desk/answering.js";
import { form, main } from "./desk/card.js";
import { forgetOldDrafts, restoreDraft } from "./desk/drafts.js";
import * as outbox from "./desk/outbox.js";
import { whenPainted } from "./desk/painting.js";
import { advance, heldSlots, shelf } from "./desk/shelf.js";
import { showRefused, showUnsent } from "./desk/status.js";

// An answer given before a reload is not asked for again.
function start() {
  outbox.connect({ heldSlots, isOnScreen });
  for (const card of document.querySelectorAll("#shelf > template")) shelf.set(card.dataset.slot, card);
  forgetOldDrafts();
  const entries = outbox.unsent().map(([, entry]) => entry);
  for (const entry of entries) shelf.delete(entry.slot);
  const own = entries.find((entry) => entry.slot === form()?.dataset.slot);
  const isThisPhase = own && own.phase === form().dataset.phase;
  restoreDraft();
  if (isThisPhase && own.phase === "judge" && !own.fields.some(([name]) => name === "leave")) {
    resume(own);
  } else if (isThisPhase) {
    advance();
  } else {
    main.querySelector("[data-focus]")?.focus({ preventScroll: true });
    whenPainted();
  }
  showRefused();
  showUnsent();
  outbox.drain();
}

start();
