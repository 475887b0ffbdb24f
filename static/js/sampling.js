// The sampling editor by keyboard: choose, open, move and switch policies, add conditions, save.
import "./app.js";

const rows = () => [...document.querySelectorAll("#policies [data-policy]")];
const current = () => document.activeElement?.closest("#policies [data-policy]");
const isTyping = (target) => target.closest("input:not([type=checkbox], [type=radio]), select, textarea");
const focusOf = (row) => row.querySelector("a.open") ?? row.querySelector(".switch");

function choose(step) {
  const all = rows();
  const at = all.indexOf(current());
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
  if (next) focusOf(next).focus();
}

// Runs when a key is pressed outside of fields; returns whether it meant something.
const KEYS = {
  ArrowDown: () => choose(1),
  ArrowUp: () => choose(-1),
  x: () => current()?.querySelector(".switch")?.click(),
  a: () => document.getElementById("add-first")?.focus(),
  w: () => document.getElementById("ask-first")?.focus(),
  n: () => document.getElementById("condition-0")?.click(),
  g: () => document.getElementById("group-0")?.click(),
};

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if ((event.ctrlKey || event.metaKey) && key === "s") {
    event.preventDefault();
    document.getElementById("save")?.click();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) {
    event.preventDefault();
    current()?.querySelector(`[data-to="${key === "ArrowUp" ? "up" : "down"}"]:not(:disabled)`)?.click();
    return;
  }
  const form = target.closest("#policy-form");
  if (key === "Escape" && (form || document.getElementById("policy-form"))) {
    location.search = "";
    return;
  }
  if (form && key === "Enter" && target.matches("input")) {
    event.preventDefault();
    document.getElementById("done").click();
    return;
  }
  if (event.altKey || isTyping(target) || !KEYS[key]) return;
  event.preventDefault();
  KEYS[key]();
});

// What had the focus keeps it when the list comes back; a new policy or condition gets it.
let wanted = "";
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.target?.id !== "policies") return;
  const source = detail.elt;
  const row = source.closest("[data-policy]")?.dataset.policy;
  wanted = document.activeElement?.id || wanted;
  if (source.id === "done") wanted = `open-${row}`;
  else if (source.matches(".add")) wanted = "first-of-open";
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt?.id !== "policies" || !wanted) return;
  const first = "#policy-form select, #policy-form input:not([type=hidden])";
  const found = wanted === "first-of-open" ? document.querySelector(first) : document.getElementById(wanted);
  if (found !== document.activeElement) found?.focus();
  wanted = "";
});
