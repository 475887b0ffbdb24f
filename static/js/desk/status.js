// The head of the desk: the network, the number of unsent answers, and answers that do not count.
import { main } from "./card.js";
import * as outbox from "./outbox.js";

export function setNetwork(state) {
  main.dataset.network = state;
  for (const id of ["offline", "signed-out"]) document.getElementById(id).hidden = id !== state;
}

export function showUnsent() {
  const badge = document.getElementById("unsent");
  const count = outbox.unsent().length;
  badge.hidden = !count;
  badge.textContent = `${count} unsent`;
}
document.addEventListener("outbox:changed", showUnsent);

// A refused answer stays in sight, with its note, until its reviewer dismisses it.
export function showRefused() {
  const lines = outbox.refused().map(([key, entry]) => {
    const line = document.getElementById("refusal").content.cloneNode(true);
    line.querySelector("[data-case]").textContent = `Case ${entry.case}.`;
    line.querySelector("[data-why]").textContent = entry.why.trim();
    line.querySelector("[data-kept]").textContent = entry.note;
    line.querySelector("[data-kept]").hidden = line.querySelector("[data-copy-kept]").hidden = !entry.note;
    line.querySelector("[data-copy-kept]").addEventListener("click", () => navigator.clipboard?.writeText(entry.note));
    line.querySelector("[data-dismiss]").addEventListener("click", () => {
      outbox.drop(key);
      showRefused();
      main.focus();
    });
    return line;
  });
  document.getElementById("refused").replaceChildren(...lines);
}
