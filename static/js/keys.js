"use strict";
// The desk's keys, and what else is chosen on a card: keys only press what is on the page. They do nothing while somebody
// types, in dialogs, with other modifiers, and while the desk is busy.

const sheet = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");
const STORE = "review-keys";

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) sheet.showModal();
});

// Tabs beside the case, loaded when they are opened

async function openTab(tab) {
  for (const each of tab.parentElement.children) {
    each.setAttribute("aria-selected", String(each === tab));
    each.tabIndex = each === tab ? 0 : -1;
  }
  const beside = document.getElementById("panel-beside");
  const isCase = tab.id === "tab-case";
  document.getElementById("panel-case").hidden = !isCase;
  beside.hidden = isCase;
  if (isCase) return;
  beside.setAttribute("aria-labelledby", tab.id);
  beside.innerHTML = '<p class="muted"></p>';
  const tell = (text) => (beside.firstElementChild.textContent = text);
  tell(tab.dataset.url ? "Loading …" : "Nobody has written guidelines for this queue yet.");
  if (!tab.dataset.url) return;
  const outcome = await outbox.verdict(fetch(tab.dataset.url, { headers: { "X-Fragment": "1" }, redirect: "manual" }));
  if (tab.ariaSelected !== "true") return;
  if (outcome.kind === "accepted") beside.innerHTML = outcome.html;
  else tell("This could not be loaded. Try it again once the connection is back.");
}

main.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) openTab(tab);
});

main.addEventListener("keydown", (event) => {
  const tab = event.target.closest("[role=tab]");
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!tab || !by) return;
  event.stopPropagation();
  const tabs = [...tab.parentElement.children];
  const next = tabs.at((tabs.indexOf(tab) + by) % tabs.length);
  next.focus();
  openTab(next);
});

// Only the features that hold what is typed; groups without any go.
main.addEventListener("input", (event) => {
  if (event.target.id !== "filter") return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const group of main.querySelectorAll(".group")) {
    for (const line of group.querySelectorAll(".f")) line.hidden = !line.textContent.toLowerCase().includes(wanted);
    group.hidden = !group.querySelector(".f:not([hidden])");
  }
});

// Choosing

function choose(input) {
  if (!input || input.disabled) return;
  input.checked = input.type === "checkbox" ? !input.checked : true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  (input.type === "radio" && input.value === "number" ? form().elements.number : input).focus();
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

main.addEventListener("input", keepDraft);
main.addEventListener("change", (event) => {
  const input = event.target;
  keepDraft();
  if (input.name !== "choice") return;
  scope = SCOPES[input.value] ?? input.dataset.scope ?? scope;
  if ("asks" in input.dataset) document.getElementById("note").focus();
});

main.addEventListener("focusin", (event) => {
  if (event.target.name === "number") form().querySelector('[name="choice"][value="number"]').checked = true;
});

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

function look(selector) {
  const found = main.querySelector(selector);
  if (!found) return;
  if (found.matches("[role=tab]")) found.click();
  else found.scrollIntoView({ block: "nearest" });
  found.focus();
}

const LOOKS = { g: "[data-tab=guidelines]", x: ".said", "/": "#filter" };

function pressed(event) {
  const { key } = event;
  if (key === "?") sheet.showModal();
  else if (key === "ArrowLeft") walk(-1);
  else if (key === "ArrowRight") walk(1);
  else if (!form() || lost()) return false;
  else if (key in LOOKS) look(LOOKS[key]);
  else if (/^[1-9]$/.test(key)) chooseByDigit(key);
  else if (key === "c") correct();
  else if (key === ",") surer(-1);
  else if (key === ".") surer(1);
  else if (key === "n") document.getElementById("note").focus();
  else if (key === "Enter" && form().dataset.phase === "compare") submit();
  else if (key === "Escape" && form().dataset.phase === "amend") advance();
  else if (/^[a-z]$/.test(key)) choose(form().querySelector(`[data-key="${key}"]`));
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
    target.blur();
  } else if (!isBlindly && !event.altKey && keysOn.checked && !isTyping(target) && !onControl && pressed(event)) {
    event.preventDefault();
  }
});

keysOn.checked = localStorage.getItem(STORE) !== "off";
keysOn.addEventListener("change", () => localStorage.setItem(STORE, keysOn.checked ? "on" : "off"));
