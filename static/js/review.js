"use strict";
// The desk's keys. They press what is on the page, and do nothing while somebody types, in dialogs, with other
// modifiers, and from a submit until the next card is painted: an unseen case must not be answered.

const main = document.getElementById("main");
const sheet = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");
const STORE = "review-keys";
const BEAT_MS = 60_000;

let busy = false; // a submit is under way, or its answer is not painted yet
let scope = "direct"; // what a digit chooses
let shownMs = 0; // how long this case was in sight
let shownSince = document.hidden ? null : performance.now();

const form = () => document.getElementById("answer");
const lost = () => main.querySelector(".lost") !== null;

function begin() {
  scope = "direct";
  shownMs = 0;
  if (shownSince !== null) shownSince = performance.now();
}

function activeMs() {
  return Math.round(shownMs + (shownSince === null ? 0 : performance.now() - shownSince));
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    if (shownSince !== null) shownMs += performance.now() - shownSince;
    shownSince = null;
  } else {
    shownSince = performance.now();
  }
});

// Two frames: the first is asked for before the paint, the second after it.
const painted = (then) => requestAnimationFrame(() => requestAnimationFrame(then));

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

main.addEventListener("change", (event) => {
  const input = event.target;
  if (input.name !== "choice") return;
  if (input.value === "dispute") scope = "reason";
  else if (input.dataset.scope) scope = input.dataset.scope;
  if ("asks" in input.dataset) document.getElementById("note").focus();
});

main.addEventListener("focusin", (event) => {
  if (event.target.name === "number") form().querySelector('[name="choice"][value="number"]').checked = true;
});

// Keys

const isTyping = (element) =>
  element.isContentEditable ||
  element.matches('textarea, select, input:not([type="radio"], [type="checkbox"])');

function send() {
  if (!busy && form() && !lost()) form().requestSubmit();
}

function pressed(event) {
  const { key } = event;
  if (key === "?") sheet.showModal();
  else if (!form() || lost()) return false;
  else if (/^[1-9]$/.test(key)) chooseByDigit(key);
  else if (key === "c") correct();
  else if (key === ",") surer(-1);
  else if (key === ".") surer(1);
  else if (key === "n") document.getElementById("note").focus();
  else if (key === "Enter" && form().dataset.phase === "compare") send();
  else if (/^[a-z]$/.test(key)) choose(form().querySelector(`[data-key="${key}"]`));
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || sheet.open) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape" && target.id === "note") {
    target.blur();
  } else if (busy || event.ctrlKey || event.metaKey || event.altKey || event.repeat) {
    return;
  } else if (keysOn.checked && !isTyping(target) && !target.closest("a, button, summary") && pressed(event)) {
    event.preventDefault();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) sheet.showModal();
});

keysOn.checked = localStorage.getItem(STORE) !== "off";
keysOn.addEventListener("change", () => localStorage.setItem(STORE, keysOn.checked ? "on" : "off"));

// Submitting

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt === form()) event.detail.parameters.active_ms = activeMs();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt === form()) setBusy(true);
});

function setBusy(value) {
  busy = value;
  main.setAttribute("aria-busy", String(value));
}

function tellBeside(html) {
  document.getElementById("problem").innerHTML = html;
  document.getElementById("problem").scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  // The event's element is the target; the form is the one that asked.
  const { requestConfig, xhr } = event.detail;
  if (requestConfig.elt !== form() || ![400, 403, 409, 422].includes(xhr.status)) return;
  // The form stays as it was typed; what happened is said beside it.
  event.detail.shouldSwap = event.detail.isError = false;
  tellBeside(xhr.responseText);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== main) return;
  begin();
  main.querySelector("[data-focus]")?.focus();
});

document.addEventListener("htmx:afterRequest", () => painted(() => setBusy(false)));

// A sign of life, so that the case is not given to somebody else

setInterval(async () => {
  if (document.hidden || busy || !form() || lost()) return;
  const card = form();
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "lease_token"]) body.set(name, card.elements[name].value);
  try {
    const answer = await fetch(card.dataset.heartbeat, { method: "POST", body, headers: { "X-Fragment": "1" } });
    if (answer.status === 409 && card === form()) tellBeside(await answer.text());
  } catch {
    // Without a network the lease may lapse; it stays good until somebody else takes the case.
  }
}, BEAT_MS);
