// Choosing on the card, by mouse or by key.
import { clearMistake, form, main } from "./card.js";
import { keepDraft } from "./drafts.js";
import { readNumber } from "./numbers.js";

// What a digit chooses: an answer, and after some choices a class to correct to or a reason.
let scope = "direct";
const SCOPES = { dispute: "reason", skip: "skip" };

export const note = () => document.getElementById("note");

export function choose(input) {
  if (!input || input.disabled) return;
  input.checked = input.type === "checkbox" ? !input.checked : true;
  (input.type === "radio" && input.value === "number" ? form().elements.number : input).focus();
  // Only after the focus: a choice may ask for something and move the focus on.
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

export function chooseByDigit(digit) {
  choose(form().querySelector(`[data-scope="${scope}"][data-digit="${digit}"]`));
}

// With many answers, Enter takes the first match, and the arrow goes to the matches.
main.addEventListener("keydown", (event) => {
  if (event.target.id !== "find-class" || event.ctrlKey || event.metaKey) return;
  const typed = event.target.value.trim();
  const found = form().querySelector(".many label:not([hidden]) input:not(:checked)");
  const match = found ?? form().querySelector(".many input:checked");
  if (!match || !["Enter", "ArrowDown"].includes(event.key) || (event.key === "Enter" && !typed)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Enter") choose(match);
  else match.focus();
});

export function correct() {
  const finder = document.getElementById("find-class");
  if (finder) {
    finder.focus();
    return;
  }
  const changes = form().querySelectorAll("[data-change]");
  if (changes.length === 1) choose(changes[0]);
  else if (changes.length) {
    scope = "direct";
    changes[0].focus();
  }
}

export function changeCertainty(by) {
  const steps = [...form().elements.certainty];
  const current = steps.findIndex((step) => step.checked);
  choose(steps[Math.min(Math.max((current < 0 ? 1 : current) + by, 0), steps.length - 1)]);
}

// Undo the choice: back to how the card came.
export function takeBack() {
  const choices = [...form().elements.choice];
  if (choices.every((choice) => choice.checked === choice.defaultChecked)) return false;
  for (const choice of choices) choice.checked = choice.defaultChecked;
  scope = "direct";
  keepDraft();
  main.querySelector("[data-focus]")?.focus();
  return true;
}

document.addEventListener("desk:shown", () => {
  scope = "direct";
});

main.addEventListener("input", ({ target }) => {
  keepDraft();
  clearMistake();
  if (target.name === "number") sayNumber(target.value);
});

// Show how a number with groups or a comma is read.
function sayNumber(typed) {
  const { text, problem } = readNumber(typed);
  const isPlain = !typed.trim() || text === typed.trim();
  document.getElementById("read-as").textContent = isPlain ? "" : (problem ?? `Reads as ${text}`);
}

main.addEventListener("change", (event) => {
  const input = event.target;
  clearMistake();
  keepDraft();
  if (input.name !== "choice") return;
  scope = SCOPES[input.value] ?? input.dataset.scope ?? scope;
  if (!input.dataset.asks) return;
  form().querySelector(`.when-${input.value}`).scrollIntoView({ block: "nearest" });
  (document.getElementById(input.dataset.asks) ?? note()).focus();
});

main.addEventListener("focusin", (event) => {
  if (event.target.name === "number") form().querySelector('[name="choice"][value="number"]').checked = true;
});
