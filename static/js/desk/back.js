// Back to an answer that is already given.
import { notify } from "../notice.js";
import { form, showProblem } from "./card.js";
import * as outbox from "./outbox.js";
import { isBusy, setBusy, show, whenPainted } from "./painting.js";
import { parsed, post, problemIn, verdict } from "./requests.js";
import { advance, setAside, shelf } from "./shelf.js";
import { setNetwork } from "./status.js";

export const lastAnswers = () => [...document.querySelectorAll("#last [data-back]")];

export async function goBack(button) {
  if (isBusy || !button) return;
  if (outbox.unsent().length) {
    notify("Your last answer is not sent yet. You can go back to it once it is.");
    return;
  }
  setBusy(true);
  const outcome = await verdict(post(button.dataset.back, []));
  const card = outcome.kind === "accepted" && parsed(outcome.html).querySelector("template[data-slot]");
  if (card) {
    setAside();
    shelf.delete(card.dataset.slot);
    show(card.content);
    return;
  }
  whenPainted();
  if (outcome.kind === "refused" && form()) showProblem(outcome.html);
  else if (outcome.kind === "refused") notify(problemIn(outcome.html).querySelector("p").textContent.trim());
  else setNetwork(outcome.kind === "signed-out" ? "signed-out" : "offline");
}

// Walk back: from an answer on the strip to the one before it, from any other card to the newest.
export function undo() {
  const strip = lastAnswers();
  const at = strip.findIndex((button) => button.dataset.slot === form()?.dataset.slot);
  if (at === 0) sayOldest("No earlier answer can be reopened here.");
  else goBack(strip.at(at < 0 ? -1 : at - 1));
}

function sayOldest(text) {
  const line = document.querySelector("[data-reopened]");
  if (!line) notify(text);
  else if (!line.textContent.startsWith(text)) line.prepend(`${text} `);
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-back]")) goBack(target.closest("[data-back]"));
  else if (target.closest("[data-undo]")) undo();
  else if (target.closest("[data-leave]") && !isBusy) advance();
});
