"use strict";
// The desk's keys, and what else is chosen on a card: keys only press what is on the page. They do nothing while somebody
// types, in dialogs, with other modifiers, and while the desk is busy.

const sheet = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");
const STORE = "review-keys";

const note = () => document.getElementById("note");

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) sheet.showModal();
});

// Choosing

function choose(input) {
  if (!input || input.disabled) return;
  input.checked = input.type === "checkbox" ? !input.checked : true;
  (input.type === "radio" && input.value === "number" ? form().elements.number : input).focus();
  // After the focus, for what is chosen may ask for something and move it on.
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function chooseByDigit(digit) {
  choose(form().querySelector(`[data-scope="${scope}"][data-digit="${digit}"]`));
}

function correct() {
  const changes = form().querySelectorAll("[data-change]");
  if (changes.length === 1) choose(changes[0]);
  else if (changes.length) {
    scope = "change";
    changes[0].focus();
  }
}

function surer(by) {
  const steps = [...form().elements.certainty];
  const now = steps.findIndex((step) => step.checked);
  choose(steps[Math.min(Math.max((now < 0 ? 1 : now) + by, 0), steps.length - 1)]);
}

const SCOPES = { dispute: "reason", skip: "skip" };

// What was missing may be there by now; the next try tells.
function forgetMistake() {
  document.querySelector("#problem [data-problem=mistake]")?.remove();
}

main.addEventListener("input", () => {
  keepDraft();
  forgetMistake();
});
main.addEventListener("change", (event) => {
  const input = event.target;
  forgetMistake();
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

// As the card came: nothing chosen, or what stands, and digits choose an answer again.
function takeBack() {
  const choices = [...form().elements.choice];
  if (choices.every((choice) => choice.checked === choice.defaultChecked)) return false;
  for (const choice of choices) choice.checked = choice.defaultChecked;
  scope = "direct";
  keepDraft();
  main.querySelector("[data-focus]")?.focus();
  return true;
}

// Keys

// ← and → walk along the strip of the last answers; beyond the newest lies the case.
function walk(by) {
  const strip = lastGiven();
  const at = strip.indexOf(document.activeElement);
  const next = Math.max((at < 0 ? strip.length : at) + by, 0);
  if (next < strip.length) strip[next].focus();
  else main.querySelector("[data-focus]")?.focus();
}

const isTyping = (element) =>
  element.isContentEditable ||
  element.matches('textarea, select, input:not([type="radio"], [type="checkbox"])');

// Whoever leaves a filter sees everything again.
function leave(field) {
  if (field.type === "search" && field.value) {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.blur();
}

function look(selector) {
  const found = main.querySelector(selector);
  if (!found) return;
  if (found.matches("[role=tab]")) found.click();
  else found.scrollIntoView({ block: "nearest" });
  found.focus();
}

// What an action does, where it is more than to press its control on the card.
const ACTIONS = {
  guidelines: () => look("[data-tab=guidelines]"),
  explanation: () => look(".said"),
  filter: () => {
    look("#tab-case");
    look("#filter");
  },
  correct,
  less: () => surer(-1),
  more: () => surer(1),
  note: () => note().focus(),
};

function pressed(event) {
  const { key } = event;
  const action = bindings.actionOf(key);
  if (action === "sheet") sheet.showModal();
  else if (key === "ArrowLeft") walk(-1);
  else if (key === "ArrowRight") walk(1);
  else if (!form() || lost()) return false;
  else if (/^[1-9]$/.test(key)) chooseByDigit(key);
  else if (key === "Enter" && form().dataset.phase === "compare") submit();
  else if (key === "Escape" && form().dataset.phase === "amend") advance();
  else if (key === "Escape") return takeBack();
  else if (action) (ACTIONS[action] ?? (() => choose(form().querySelector(`[data-action="${action}"]`))))();
  else return false;
  return true;
}

function pressedWithControl(event, target) {
  if (event.key === "Enter" && !event.altKey && !event.shiftKey) submit();
  else if (event.key === "z" && !event.altKey && !event.shiftKey && !isTyping(target)) goBack(lastGiven().at(-1));
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || sheet.open) return;
  const target = event.target instanceof Element ? event.target : document.body;
  // A tab stays focused after it was opened; only the key that presses it is its own.
  const control = target.closest("[role=tab]") ? "Enter" === event.key : target.closest("a, button, summary");
  const onControl = control && !event.key.startsWith("Arrow");
  // A key may have been pressed before the card was painted and be told of only now.
  const isBlindly = busy || event.repeat || event.timeStamp < paintedAt;
  if (event.ctrlKey || event.metaKey) {
    if (event.key === "Enter") event.preventDefault();
    if (!isBlindly && pressedWithControl(event, target)) event.preventDefault();
  } else if (event.key === "Escape" && isTyping(target)) {
    leave(target);
  } else if (!isBlindly && !event.altKey && keysOn.checked && !isTyping(target) && !onControl && pressed(event)) {
    event.preventDefault();
  }
});

keysOn.checked = localStorage.getItem(STORE) !== "off";
keysOn.addEventListener("change", () => localStorage.setItem(STORE, keysOn.checked ? "on" : "off"));
