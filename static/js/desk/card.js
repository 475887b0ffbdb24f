// The card in sight: its form, and the place beside it for what went wrong.

export const main = document.getElementById("main");

export const form = () => document.getElementById("answer");
export const isLost = () => main.querySelector(".lost") !== null;
export const token = (card) => card.elements.lease_token.value;

// Leave out the features with nothing wrong: there may be many.
export function typed(card) {
  const fields = [...new FormData(card)].filter(([name]) => name !== "csrfmiddlewaretoken");
  return fields.filter(([name, value]) => value || !name.startsWith("wrong:"));
}

export function showProblem(html) {
  const place = document.getElementById("problem");
  place.innerHTML = html;
  place.scrollIntoView({ block: "nearest" });
}

export function showMistake(text) {
  showProblem('<div class="trouble" data-problem="mistake"><p><b>Not saved.</b> <span></span></p></div>');
  document.querySelector("#problem span").textContent = text;
}

export function clearMistake() {
  document.querySelector("#problem [data-problem=mistake]")?.remove();
}
