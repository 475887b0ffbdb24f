// Catches what the server would refuse while the card is still in sight.
import { readNumber } from "./numbers.js";

const hasNote = (card) => card.elements.note.value.trim() !== "";

const MISTAKES = {
  dispute: (card) => {
    const answers = [...card.querySelectorAll('[name="disputed_for"]')];
    if (!card.querySelector('[name="reasons"]:checked') && !hasNote(card)) return "Give a reason or write a note.";
    if (answers.some((answer) => answer.type === "select-one" && !answer.value)) return "Say which answer is right.";
    const isOpen = answers.some((answer) => answer.type === "radio") && !answers.some((answer) => answer.checked);
    return isOpen ? "Say which answer is right." : "";
  },
  wrong_data: (card) => {
    const isMarked = [...card.querySelectorAll(".flaw select")].some((select) => select.value);
    return isMarked || hasNote(card) ? "" : "Mark the feature that is wrong, or describe it in the note.";
  },
  escalate: (card) => (hasNote(card) ? "" : "Write your question in the note."),
};

export function mistake(card) {
  const { choice, number } = card.elements;
  const needsNumber =
    choice.value === "number" ||
    (choice.value === "dispute" && card.querySelector('[name="disputed_for"][value="number"]'));
  if (!choice.value) return "Choose an answer first.";
  const unclear = needsNumber && readNumber(number.value).problem;
  if (unclear) return unclear;
  return MISTAKES[choice.value]?.(card) ?? "";
}
