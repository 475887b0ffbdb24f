// Renews the leases of the cards in this browser, so that nobody else is given their cases.
import { form, isLost, showProblem, token } from "./card.js";
import { isBusy } from "./painting.js";
import { post, verdict } from "./requests.js";
import { shelf } from "./shelf.js";

const BEAT_MS = 60_000;

export async function beat(card) {
  const outcome = await verdict(post(card.dataset.heartbeat, [["lease_token", token(card)]]));
  if (outcome.kind !== "refused") return;
  if (card === form()) showProblem(outcome.html);
  else shelf.delete(card.dataset.slot);
}

setInterval(() => {
  if (document.hidden || isBusy) return;
  const cards = [...shelf.values()].map((card) => card.content.querySelector("#answer"));
  for (const card of [form(), ...cards]) if (card && card.dataset.phase !== "amend" && !isLost()) beat(card);
}, BEAT_MS);
