// Submits the card in sight, and acts on what the server makes of an answer.
import { form, isLost, showMistake, showProblem, token, typed } from "./card.js";
import { forgetDraft } from "./drafts.js";
import { mistake } from "./mistakes.js";
import * as outbox from "./outbox.js";
import { isBusy, setBusy, whenPainted } from "./painting.js";
import { post, verdict } from "./requests.js";
import { advance, shelf, takeIn } from "./shelf.js";
import { activeMs } from "./sight.js";
import { setNetwork, showRefused } from "./status.js";

let waiting = null; // the entry of a first answer whose reveal has not come

export const isOnScreen = (entry) => waiting?.token === entry.token;

export function submit() {
  const card = form();
  if (isBusy || !card || isLost()) return;
  const wrong = mistake(card);
  if (wrong) {
    showMistake(wrong);
    return;
  }
  const fields = typed(card).filter(([name]) => name !== "active_ms");
  const { slot, phase, case: id } = card.dataset;
  const entry = {
    url: card.action,
    token: token(card),
    slot,
    phase,
    case: id,
    at: Date.now(),
    note: card.elements.note.value,
    fields: [...fields, ["active_ms", activeMs()]],
  };
  const isValue = !card.querySelector('.withheld [name="choice"]:checked');
  forgetDraft(card);
  setBusy(true);
  waiting = phase === "judge" && isValue ? entry : null;
  outbox.put(entry);
  if (!waiting) advance();
  outbox.drain();
}

// After a reload: wait on for the reveal of an answer that is still unsent.
export function resume(entry) {
  waiting = entry;
  setBusy(true);
}

// Stopping gives back the cards on the shelf as well.
function releaseShelf() {
  for (const card of shelf.values()) {
    const release = card.content.querySelector("#release");
    verdict(post(release.action, typed(release), { keepalive: true }));
  }
}

document.addEventListener("submit", (event) => {
  if (event.target === form()) {
    event.preventDefault();
    submit();
  } else if (event.target.id === "release") {
    releaseShelf();
  }
});

// The second click of a double click was meant for the card before.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest(".answer button")) event.preventDefault();
}, true);

document.addEventListener("outbox:accepted", ({ detail }) => {
  if (isOnScreen(detail.entry)) waiting = null;
  setNetwork("");
  takeIn(detail.html);
});

document.addEventListener("outbox:refused", ({ detail }) => {
  if (isOnScreen(detail.entry)) {
    waiting = null;
    showProblem(detail.html);
    whenPainted();
  }
  setNetwork("");
  showRefused();
});

// Without a network nobody waits for a reveal: the first answer becomes the whole answer, and the next case comes.
function goOnWithoutReveal() {
  if (!waiting) return;
  outbox.put({ ...waiting, fields: [...waiting.fields, ["leave", "on"]] });
  waiting = null;
  advance();
}

for (const kind of ["offline", "again"]) {
  document.addEventListener(`outbox:${kind}`, () => {
    setNetwork("offline");
    goOnWithoutReveal();
  });
}
document.addEventListener("outbox:signed-out", () => setNetwork("signed-out"));
