"use strict";
// Answers on their way to the server. Each is one entry of localStorage, written at once and before the next card
// shows: it outlives a reload, a crash of the tab, a lost network and an expired session. No entry is changed by two
// hands, so several tabs may send from one store, and the server counts an answer once for each lease.

const outbox = (() => {
  const { reviewer, only } = document.getElementById("main").dataset;
  const UNSENT = `countersign-answer:${reviewer}:`;
  const REFUSED = `countersign-refused:${reviewer}:`;
  const RETRY_MS = 3_000;
  const PATIENCE_MS = 20_000;
  const memory = new Map(); // where the browser keeps nothing for us

  function write(key, entry) {
    try {
      localStorage.setItem(key, JSON.stringify(entry));
    } catch {
      memory.set(key, entry);
    }
  }

  function drop(key) {
    memory.delete(key);
    localStorage.removeItem(key);
  }

  function entries(prefix) {
    const stored = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    const found = stored.map((key) => [key, JSON.parse(localStorage.getItem(key))]).filter(([, entry]) => entry);
    const kept = [...memory].filter(([key]) => key.startsWith(prefix));
    return [...found, ...kept].sort(([, one], [, other]) => one.at - other.at);
  }

  const unsent = () => entries(UNSENT);
  const says = (kind, detail) => document.dispatchEvent(new CustomEvent(`outbox:${kind}`, { detail }));

  function put(entry) {
    const key = `${UNSENT}${entry.token}:${entry.phase}`;
    write(key, entry);
    says("changed");
    return key;
  }

  // The cookie of now: a new session has a new token.
  const csrf = () => document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";

  function post(url, fields, { keepalive = false } = {}) {
    return fetch(url, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { "X-Fragment": "1", "X-CSRFToken": csrf() },
      redirect: "manual",
      keepalive,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  }

  // What became of a request: told as accepted, refused for good, signed out, or to be tried again.
  async function verdict(request) {
    try {
      const response = await request;
      if (response.type === "opaqueredirect") return { kind: "signed-out" };
      const html = await response.text();
      if (response.ok) return { kind: "accepted", html };
      const code = new DOMParser().parseFromString(html, "text/html").querySelector("[data-problem]")?.dataset.problem;
      if (response.status === 403 && (!code || code === "another_person")) return { kind: "signed-out" };
      if (response.status >= 500 || response.status === 429 || !code) return { kind: "again" };
      return { kind: "refused", html, code };
    } catch {
      return { kind: "offline" };
    }
  }

  async function deliver(key, entry) {
    const fields = [...entry.fields, ["reviewer", reviewer], ["have", outbox.have().join(",")], ["only", only]];
    const outcome = await verdict(post(entry.url, fields, { keepalive: true }));
    if (outcome.kind === "accepted" || outcome.kind === "refused") {
      // Another tab may have sent it too; whoever finds it gone has nothing to tell.
      drop(key);
      if (outcome.kind === "refused" && !outbox.isOnScreen(entry)) refuse(key, entry, outcome.html);
    }
    says(outcome.kind, { key, entry, ...outcome });
    says("changed");
    return outcome.kind;
  }

  function refuse(key, entry, html) {
    const told = new DOMParser().parseFromString(html, "text/html").querySelector("[data-problem] p");
    write(key.replace(UNSENT, REFUSED), { at: entry.at, case: entry.case, note: entry.note, why: told?.textContent ?? "" });
  }

  let sending = false;

  async function drain() {
    if (sending) return;
    sending = true;
    try {
      const tried = new Set();
      for (let next; (next = unsent().find(([key]) => !tried.has(key))); ) {
        tried.add(next[0]);
        if (["offline", "signed-out"].includes(await deliver(...next))) break;
      }
    } finally {
      sending = false;
    }
  }

  // What was not sent is tried again when something may have changed, and every few seconds.
  for (const sign of ["online", "focus", "storage"]) addEventListener(sign, () => unsent().length && drain());
  document.addEventListener("visibilitychange", () => document.hidden || drain());
  setInterval(() => unsent().length && drain(), RETRY_MS);
  addEventListener("storage", () => says("changed"));

  return {
    put, drop, drain, unsent, post, verdict,
    refused: () => entries(REFUSED),
    // Told by the desk: the slots whose cards it has, and whether an entry's card is the one in sight.
    have: () => [],
    isOnScreen: () => false,
  };
})();
