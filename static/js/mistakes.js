"use strict";
// What the server would refuse is said before the card goes.

const MISTAKES = {
  dispute: mistakeOfDispute,
  wrong_data: (card) => {
    const marked = [...card.querySelectorAll(".flaw select")].some((each) => each.value);
    return marked || hasNote(card) ? "" : "Mark the feature that is wrong, or describe it in the note.";
  },
  escalate: (card) => (hasNote(card) ? "" : "Write your question into the note."),
};

const hasNote = (card) => card.elements.note.value.trim() !== "";

function mistakeOfDispute(card) {
  const rights = [...card.querySelectorAll('[name="disputed_for"]')];
  if (!card.querySelector('[name="reasons"]:checked') && !hasNote(card)) return "Give a reason or write a note.";
  if (rights.some((each) => each.type === "radio") && !rights.some((each) => each.checked)) return "Say which answer is right.";
  return "";
}

function mistake(card) {
  const { choice, number } = card.elements;
  const asksNumber = choice.value === "number" || (choice.value === "dispute" && card.querySelector('[name="disputed_for"][value="number"]'));
  if (!choice.value) return "Choose an answer first.";
  if (asksNumber && (!number.value || !number.validity.valid)) return "Enter a number first.";
  return MISTAKES[choice.value]?.(card) ?? "";
}
