// The desk's keys only press what is on the page. They do nothing while somebody types, in dialogs, with other
// modifiers, and while the desk is busy.
import { submit } from "./answering.js";
import { lastAnswers, undo } from "./back.js";
import { actionOf, pressedKey } from "./bindings.js";
import { form, isLost, main } from "./card.js";
import { changeCertainty, choose, chooseByDigit, correct, note, takeBack } from "./choices.js";
import { isBusy, paintedAt } from "./painting.js";
import { advance } from "./shelf.js";

const STORE = "review-keys";
const sheet = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) sheet.showModal();
});

// ← and → walk along the last answers; beyond the newest lies the case.
function walk(by) {
  const strip = lastAnswers();
  const current = strip.indexOf(document.activeElement);
  const next = Math.max((current < 0 ? strip.length : current) + by, 0);
  if (next < strip.length) strip[next].focus();
  else main.querySelector("[data-focus]")?.focus();
}

const isTyping = (element) =>
  element.isContentEditable ||
  element.matches('textarea, select, input:not([type="radio"], [type="checkbox"])');

// Leaving a filter shows everything again.
function leave(field) {
  if (field.type === "search" && field.value) {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.blur();
}

function goTo(selector) {
  const element = main.querySelector(selector);
  if (!element) return;
  if (element.matches("[role=tab]")) element.click();
  else element.scrollIntoView({ block: "nearest" });
  element.focus();
}

// Actions that do more than press their control on the card.
const ACTIONS = {
  guidelines: () => goTo("[data-tab=guidelines]"),
  explanation: () => goTo(".said"),
  filter: () => {
    goTo("#tab-case");
    goTo("#filter");
  },
  correct,
  less: () => changeCertainty(-1),
  more: () => changeCertainty(1),
  note: () => note().focus(),
};

function press(event) {
  const key = pressedKey(event);
  const action = actionOf(key);
  if (action === "sheet") sheet.showModal();
  else if (key === "ArrowLeft") walk(-1);
  else if (key === "ArrowRight") walk(1);
  else if (!form() || isLost()) return false;
  else if (/^[1-9]$/.test(key)) chooseByDigit(key);
  else if (key === "Enter" && form().dataset.phase === "compare") submit();
  else if (key === "Escape" && form().dataset.phase === "amend") advance();
  else if (key === "Escape") return takeBack();
  else if (action) (ACTIONS[action] ?? (() => choose(form().querySelector(`[data-action="${action}"]`))))();
  else return false;
  return true;
}

function pressWithControl(event, target) {
  if (event.altKey || event.shiftKey) return false;
  if (event.key === "Enter") submit();
  else if (pressedKey(event) === "z" && !isTyping(target)) undo();
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || sheet.open) return;
  const target = event.target instanceof Element ? event.target : document.body;
  // An opened tab keeps the focus, but only the key that presses it belongs to it.
  const control = target.closest("[role=tab]") ? event.key === "Enter" : target.closest("a, button, summary");
  const isOnControl = control && !event.key.startsWith("Arrow");
  // The event may arrive late: the key was pressed before this card was painted.
  const isBlind = isBusy || event.repeat || event.timeStamp < paintedAt;
  if (event.ctrlKey || event.metaKey) {
    if (event.key === "Enter") event.preventDefault();
    if (!isBlind && pressWithControl(event, target)) event.preventDefault();
  } else if (event.key === "Escape" && isTyping(target)) {
    leave(target);
  } else if (!isBlind && !event.altKey && keysOn.checked && !isTyping(target) && !isOnControl && press(event)) {
    event.preventDefault();
  }
});

keysOn.checked = localStorage.getItem(STORE) !== "off";
keysOn.addEventListener("change", () => localStorage.setItem(STORE, keysOn.checked ? "on" : "off"));
