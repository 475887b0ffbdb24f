// Puts a card on the desk. From a submit until the next card is painted, the desk is busy: nobody may answer a case
// unseen.
import { main } from "./card.js";
import { restoreDraft } from "./drafts.js";
import { startTimer } from "./sight.js";

export let isBusy = false;
export let paintedAt = 0;

export function setBusy(value) {
  isBusy = value;
  main.setAttribute("aria-busy", String(value));
}

// The first frame callback runs before the paint, the second after it.
export function whenPainted() {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      paintedAt = performance.now();
      setBusy(false);
    }),
  );
}

// On a phone the whole page scrolls and would stay where the last card was answered.
function lookAt(lead) {
  scrollTo(0, 0);
  lead?.focus({ preventScroll: true });
  if (lead && lead.getBoundingClientRect().bottom > innerHeight) lead.scrollIntoView();
}

export function show(content) {
  setBusy(true);
  main.replaceChildren(content);
  startTimer();
  restoreDraft();
  lookAt(main.querySelector("[data-focus]"));
  document.dispatchEvent(new CustomEvent("desk:shown"));
  whenPainted();
}
