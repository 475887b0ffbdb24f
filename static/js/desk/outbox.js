// Answers on their way to the server. Each is an entry in localStorage, written before the next card shows, so it
// survives a reload, a crashed tab, a lost network and an expired session. No two tabs change the same entry, so
// several may send from one store; the server counts an answer once per lease.
import { main } from "./card.js";
import { post, problemIn, verdict } from "./requests.js";

const { reviewer, only } = main.dataset;
const UNSENT = `countersign-answer:${reviewer}:`;
const REFUSED = `countersign-refused:${reviewer}:`;
const RETRY_MS = 3_000;
const memory = new Map(); // for browsers that refuse to store

// What the desk knows: the slots whose cards it has, and whether an entry's card is in sight.
let desk = { heldSlots: () => [], isOnScreen: () => false };

export function connect(functions) {
  desk = functions;
}

function write(key, entry) {
  try {
    localStorage.setItem(key, JSON.stringify(entry));
  } catch {
    memory.set(key, entry);
  }
}

export function drop(key) {
  memory.delete(key);
  localStorage.removeItem(key);
}

function entries(prefix) {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  // Another tab may have removed one meanwhile.
  const stored = keys.map((key) => [key, JSON.parse(localStorage.getItem(key))]).filter(([, entry]) => entry);
  const remembered = [...memory].filter(([key]) => key.startsWith(prefix));
  return [...stored, ...remembered].sort(([, one], [, other]) => one.at - other.at);
}

export const unsent = () => entries(UNSENT);
export const refused = () => entries(REFUSED);
const announce = (kind, detail) => document.dispatchEvent(new CustomEvent(`outbox:${kind}`, { detail }));

export function put(entry) {
  write(`${UNSENT}${entry.token}:${entry.phase}`, entry);
  announce("changed");
}

async function deliver(key, entry) {
  const fields = [...entry.fields, ["reviewer", reviewer], ["have", desk.heldSlots().join(",")], ["only", only]];
  const outcome = await verdict(post(entry.url, fields, { keepalive: true }));
  if (outcome.kind === "accepted" || outcome.kind === "refused") {
    drop(key);
    if (outcome.kind === "refused" && !desk.isOnScreen(entry)) keepRefused(key, entry, outcome.html);
  }
  announce(outcome.kind, { key, entry, ...outcome });
  announce("changed");
  return outcome.kind;
}

function keepRefused(key, entry, html) {
  const why = problemIn(html)?.querySelector("p")?.textContent ?? "";
  write(key.replace(UNSENT, REFUSED), { at: entry.at, case: entry.case, note: entry.note, why });
}

let isSending = false;

export async function drain() {
  if (isSending) return;
  isSending = true;
  try {
    const tried = new Set();
    for (let next; (next = unsent().find(([key]) => !tried.has(key))); ) {
      tried.add(next[0]);
      if (["offline", "signed-out"].includes(await deliver(...next))) break;
    }
  } finally {
    isSending = false;
  }
}

// Try again when something may have changed, and every few seconds.
for (const sign of ["online", "focus", "storage"]) addEventListener(sign, () => unsent().length && drain());
document.addEventListener("visibilitychange", () => document.hidden || drain());
setInterval(() => unsent().length && drain(), RETRY_MS);
addEventListener("storage", () => announce("changed"));
