// Which key does what. The sheet of keys holds the defaults; a reviewer's own keys are kept on this device.
// Digits, arrows, Enter and Escape cannot be changed.
import { keyOf as keyOfEvent, lower } from "./layouts.js";

const OWN = "review-keys-own";
const list = document.getElementById("keys-list");
const status = document.getElementById("keys-said");
const reset = document.getElementById("keys-usual");
const buttons = [...list.querySelectorAll("[data-bind]")];
const defaults = new Map(buttons.map((button) => [button.dataset.bind, button.dataset.usual]));
const own = read();
let asking = null; // the button that waits for its new key

// Keep only what makes sense: somebody may have edited the store, or an older page wrote it.
function read() {
  let stored = {};
  try {
    stored = JSON.parse(localStorage.getItem(OWN)) ?? {};
  } catch {
    // The defaults will do.
  }
  const valid = new Map(Object.entries(stored).filter(([action, key]) => defaults.has(action) && !refusal(key)));
  const keys = [...defaults.keys()].map((action) => valid.get(action) ?? defaults.get(action));
  return new Set(keys).size === keys.length ? valid : new Map();
}

const keyOf = (action) => own.get(action) ?? defaults.get(action);
const nameOf = (action) => list.querySelector(`[data-bind="${action}"]`).dataset.named;
const find = (key) => [...defaults.keys()].find((action) => keyOf(action) === key);

export const actionOf = (key) => find(lower(key));
export const pressedKey = (event) => keyOfEvent(event, find);

function refusal(key) {
  if (/^[0-9]$/.test(key)) return "Digits choose answers and reasons.";
  if (typeof key !== "string" || [...key].length !== 1 || key === " ") return "A key is one letter or symbol.";
  return "";
}

// The hints on the card, in the sheet and on new cards show the reviewer's own keys.
function showHints() {
  for (const hint of document.querySelectorAll("[data-hint]")) hint.textContent = keyOf(hint.dataset.hint);
  reset.hidden = own.size === 0;
}

function say(text) {
  status.textContent = text;
}

function ask(button) {
  stop();
  asking = button;
  button.setAttribute("aria-pressed", "true");
  say(`Press the key for “${button.dataset.named}”. Esc keeps the current one.`);
}

function stop() {
  asking?.removeAttribute("aria-pressed");
  asking = null;
}

function store() {
  try {
    if (own.size) localStorage.setItem(OWN, JSON.stringify(Object.fromEntries(own)));
    else localStorage.removeItem(OWN);
  } catch {
    // Without storage, the keys hold as long as the page.
  }
  showHints();
}

// A key that chooses a digit by its place keeps doing so.
function bind(event) {
  const isDigit = /^[0-9]$/.test(pressedKey(event));
  const key = event.ctrlKey || event.metaKey ? "with a modifier" : isDigit ? pressedKey(event) : lower(event.key);
  const action = asking.dataset.bind;
  const holder = find(key);
  const wrong = refusal(key) || (holder && holder !== action ? `“${key}” is the key for “${nameOf(holder)}”.` : "");
  if (wrong) {
    say(`${wrong} Press another one.`);
    return;
  }
  if (defaults.get(action) === key) own.delete(action);
  else own.set(action, key);
  say(`“${key}” is now the key for “${nameOf(action)}”.`);
  stop();
  store();
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-bind]");
  if (button) ask(button);
});

// Capture comes before the sheet itself: Enter would press the button again, and Esc would close the sheet.
document.addEventListener("keydown", (event) => {
  if (!asking || ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"].includes(event.key)) return;
  if (event.key === "Tab") {
    stop();
    say("");
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Escape") {
    stop();
    say("The key stays the same.");
  } else if (!event.repeat && !event.isComposing) {
    bind(event);
  }
}, true);

reset.addEventListener("click", () => {
  stop();
  own.clear();
  store();
  say("The default keys are back.");
  list.querySelector("[data-bind]").focus();
});

document.getElementById("keys").addEventListener("close", () => {
  stop();
  say("");
});
document.addEventListener("desk:shown", showHints);
showHints();
