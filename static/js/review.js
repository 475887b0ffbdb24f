"use strict";
// The desk: which card lies on it. The next one is on the shelf and shows at once; the answer goes through the outbox.
// From a submit until the next card is painted the desk is busy: an unseen case must not be answered.

const main = document.getElementById("main");
const DRAFT = `countersign-draft:${main.dataset.reviewer}:`;
const DRAFT_DAYS = 7;
const BEAT_MS = 60_000;

const shelf = new Map(); // cards to come, by slot, in their order
let nothing = null; // why there is no other card, as the server last said
let waiting = null; // the entry of a first answer whose reveal has not come
let busy = false; // a submit is under way, or its answer is not painted yet
let paintedAt = 0;
let scope = "direct"; // what a digit chooses
let shownMs = 0; // how long this case was in sight
let shownSince = document.hidden ? null : performance.now();

const form = () => document.getElementById("answer");
const lost = () => main.querySelector(".lost") !== null;
const token = (card) => card.elements.lease_token.value;

// Time in sight

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

// Cards

function setBusy(value) {
  busy = value;
  main.setAttribute("aria-busy", String(value));
}

// Two frames: the first is asked for before the paint, the second after it.
function whenPainted() {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      paintedAt = performance.now();
      setBusy(false);
    }),
  );
}

// Where the whole page scrolls, as on a phone, it would stay where the card before was answered.
function lookAt(lead) {
  scrollTo(0, 0);
  lead?.focus({ preventScroll: true });
  if (lead && lead.getBoundingClientRect().bottom > innerHeight) lead.scrollIntoView();
}

function show(content) {
  setBusy(true);
  main.replaceChildren(content);
  begin();
  restoreDraft();
  lookAt(main.querySelector("[data-focus]"));
  document.dispatchEvent(new CustomEvent("desk:shown"));
  whenPainted();
}

function advance() {
  const [slot, card] = shelf.entries().next().value ?? [];
  if (card) {
    shelf.delete(slot);
    show(card.content);
  } else {
    const empty = nothing && !outbox.unsent().length ? nothing : document.getElementById("away");
    show(empty.content.cloneNode(true));
  }
}

// The card in sight goes back to the front of the shelf, with what was typed.
function setAside() {
  const current = form();
  if (!current || current.dataset.phase === "amend" || lost()) return;
  const card = document.createElement("template");
  card.content.append(...main.children);
  const others = [...shelf];
  shelf.clear();
  for (const [slot, each] of [[current.dataset.slot, card], ...others]) shelf.set(slot, each);
}

function parsed(html) {
  const bag = document.createElement("template");
  bag.innerHTML = html;
  return bag.content;
}

// What an answer brings: cards that are not here yet, why there are none, and the head of the page.
function takeIn(html) {
  const brought = parsed(html);
  for (const id of ["progress", "last"]) {
    const old = document.getElementById(id);
    if (!old.contains(document.activeElement)) old.replaceWith(brought.getElementById(id));
  }
  nothing = brought.querySelector("template[data-nothing]");
  const answered = new Set(outbox.unsent().map(([, entry]) => entry.slot));
  for (const card of brought.querySelectorAll("template[data-slot]")) {
    const { slot } = card.dataset;
    if (form()?.dataset.slot === slot && form().dataset.phase !== "amend") show(card.content);
    else if (!answered.has(slot)) shelf.set(slot, card);
  }
  if (!form() && (shelf.size || nothing)) advance();
}

// What is typed is kept until it is sent

const draftKey = (card) => `${DRAFT}${token(card)}:${card.dataset.phase}`;
// Features with which nothing is wrong are no part of it: there may be many.
const typed = (card) =>
  [...new FormData(card)].filter(([name, value]) => name !== "csrfmiddlewaretoken" && (value || !name.startsWith("wrong:")));

function keepDraft() {
  try {
    if (form()) localStorage.setItem(draftKey(form()), JSON.stringify({ at: Date.now(), fields: typed(form()) }));
  } catch {
    // Without a store the draft lives as long as the page.
  }
}

function restoreDraft() {
  const card = form();
  const { fields } = JSON.parse((card && localStorage.getItem(draftKey(card))) || "{}");
  if (!fields) return;
  for (const input of card.elements) {
    if (!input.name || input.type === "hidden") continue;
    const values = fields.filter(([name]) => name === input.name).map(([, value]) => value);
    if (["radio", "checkbox"].includes(input.type)) input.checked = values.includes(input.value);
    else if (values.length) input.value = values[0];
  }
}

function forgetOldDrafts() {
  const oldest = Date.now() - DRAFT_DAYS * 86_400_000;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(DRAFT) && JSON.parse(localStorage.getItem(key)).at < oldest) localStorage.removeItem(key);
  }
}

// Submitting

function tellBeside(html) {
  const place = document.getElementById("problem");
  place.innerHTML = html;
  place.scrollIntoView({ block: "nearest" });
}

function tellMistake(text) {
  tellBeside('<div class="trouble" data-problem="mistake"><p><b>Not saved.</b> <span></span></p></div>');
  document.querySelector("#problem span").textContent = text;
}

function submit() {
  const card = form();
  if (busy || !card || lost()) return;
  const wrong = mistake(card);
  if (wrong) {
    tellMistake(wrong);
    return;
  }
  const fields = typed(card).filter(([name]) => name !== "active_ms");
  const { slot, phase, case: of } = card.dataset;
  const entry = { url: card.action, slot, phase, case: of, at: Date.now(), token: token(card), note: card.elements.note.value };
  entry.fields = [...fields, ["active_ms", activeMs()]];
  const isValue = !card.querySelector('.withheld [name="choice"]:checked');
  localStorage.removeItem(draftKey(card));
  setBusy(true);
  waiting = phase === "judge" && isValue ? entry : null;
  outbox.put(entry);
  if (!waiting) advance();
  outbox.drain();
}

document.addEventListener("submit", (event) => {
  if (event.target === form()) {
    event.preventDefault();
    submit();
  } else if (event.target.id === "release") {
    // Whoever stops gives back what waits on the shelf as well.
    for (const card of shelf.values()) {
      const held = card.content.querySelector("#release");
      outbox.verdict(outbox.post(held.action, typed(held), { keepalive: true }));
    }
  }
});

// The second click of a double click was meant for the card before.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest(".answer button")) event.preventDefault();
}, true);

outbox.have = () => {
  const slots = [...shelf.keys(), ...outbox.unsent().map(([, entry]) => entry.slot)];
  return [...new Set(form() ? [form().dataset.slot, ...slots] : slots)];
};
outbox.isOnScreen = (entry) => waiting?.token === entry.token;

document.addEventListener("outbox:accepted", (event) => {
  if (outbox.isOnScreen(event.detail.entry)) waiting = null;
  setNetwork("");
  takeIn(event.detail.html);
});

document.addEventListener("outbox:refused", (event) => {
  if (outbox.isOnScreen(event.detail.entry)) {
    waiting = null;
    tellBeside(event.detail.html);
    whenPainted();
  }
  setNetwork("");
  showRefused();
});

// Without the network nobody waits for a reveal: the first answer is the whole answer, and the next case comes.
function goOnWithoutReveal() {
  if (!waiting) return;
  outbox.put({ ...waiting, fields: [...waiting.fields, ["leave", "on"]] });
  waiting = null;
  advance();
}

for (const kind of ["offline", "again"]) {
  document.addEventListener(`outbox:${kind}`, () => {
    setNetwork("offline");
    goOnWithoutReveal();
  });
}
document.addEventListener("outbox:signed-out", () => setNetwork("signed-out"));

function setNetwork(state) {
  main.dataset.network = state;
  for (const id of ["offline", "signed-out"]) document.getElementById(id).hidden = id !== state;
}

document.addEventListener("outbox:changed", () => {
  const badge = document.getElementById("unsent");
  const count = outbox.unsent().length;
  badge.hidden = !count;
  badge.textContent = `${count} unsent`;
});

// Answers that do not count stay in sight, with what was typed, until their reviewer has seen it

function showRefused() {
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

// Going back

async function goBack(button) {
  if (busy || !button) return;
  if (outbox.unsent().length) {
    tell("Your last answer is not sent yet. You can go back to it once it is.");
    return;
  }
  setBusy(true);
  const outcome = await outbox.verdict(outbox.post(button.dataset.back, []));
  const card = outcome.kind === "accepted" && parsed(outcome.html).querySelector("template[data-slot]");
  if (card) {
    setAside();
    shelf.delete(card.dataset.slot);
    show(card.content);
    return;
  }
  whenPainted();
  if (outcome.kind === "refused" && form()) tellBeside(outcome.html);
  else if (outcome.kind === "refused") tell(parsed(outcome.html).querySelector("[data-problem] p").textContent.trim());
  else setNetwork(outcome.kind === "signed-out" ? "signed-out" : "offline");
}

const lastGiven = () => [...document.querySelectorAll("#last [data-back]")];

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.closest("[data-back]")) goBack(target.closest("[data-back]"));
  else if (target.closest("[data-undo]")) goBack(lastGiven().at(-1));
  else if (target.closest("[data-leave]") && !busy) advance();
});

// A sign of life, so that the cases here are not given to somebody else

async function beat(card) {
  const outcome = await outbox.verdict(outbox.post(card.dataset.heartbeat, [["lease_token", token(card)]]));
  if (outcome.kind !== "refused") return;
  if (card === form()) tellBeside(outcome.html);
  else shelf.delete(card.dataset.slot);
}

setInterval(() => {
  if (document.hidden || busy) return;
  const cards = [...shelf.values()].map((card) => card.content.querySelector("#answer"));
  for (const card of [form(), ...cards]) if (card && card.dataset.phase !== "amend" && !lost()) beat(card);
}, BEAT_MS);

// Beginning: what was answered before a reload is not asked again

function start() {
  for (const card of document.querySelectorAll("#shelf > template")) shelf.set(card.dataset.slot, card);
  forgetOldDrafts();
  const entries = outbox.unsent().map(([, entry]) => entry);
  for (const entry of entries) shelf.delete(entry.slot);
  const own = entries.find((entry) => entry.slot === form()?.dataset.slot);
  restoreDraft();
  if (own?.phase === "judge" && form().dataset.phase === "judge" && !own.fields.some(([name]) => name === "leave")) {
    waiting = own;
    setBusy(true);
  } else if (own && own.phase === form().dataset.phase) {
    advance();
  } else {
    main.querySelector("[data-focus]")?.focus({ preventScroll: true });
    whenPainted();
  }
  showRefused();
  document.dispatchEvent(new CustomEvent("outbox:changed"));
  outbox.drain();
}

start();
