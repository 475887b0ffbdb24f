"use strict";
// What is looked at beside and within the case: tabs, loaded when they are opened, and filters of features.

// Tabs

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
  tell(tab.dataset.url ? "Loading …" : "This queue has no guidelines yet.");
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

// Filters: only the lines that hold what is typed; groups without any go.

const FILTERS = {
  filter: { group: ".group", line: ".f" },
  "wrong-filter": { group: ".flaw-group", line: ".flaw" },
};

main.addEventListener("input", ({ target }) => {
  const list = FILTERS[target.id];
  if (!list) return;
  const wanted = target.value.trim().toLowerCase();
  for (const group of main.querySelectorAll(list.group)) {
    for (const line of group.querySelectorAll(list.line)) line.hidden = !told(line).includes(wanted);
    group.hidden = !group.querySelector(`${list.line}:not([hidden])`);
  }
  document.getElementById(`${target.id}-none`).hidden = main.querySelector(`${list.group}:not([hidden])`) !== null;
});

// What a line says; the options that it offers are no part of that.
function told(line) {
  const picked = line.querySelector("select");
  const text = picked ? line.firstElementChild.textContent : line.textContent;
  return text.toLowerCase();
}

// From the filter straight to the first feature that is left.
main.addEventListener("keydown", (event) => {
  if (event.target.id !== "wrong-filter" || event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  main.querySelector(".flaw-group:not([hidden]) .flaw:not([hidden]) select")?.focus();
});
