// Beside the case: tabs that load when they open, and filters for long lists of features.
import { main } from "./card.js";
import { get, verdict } from "./requests.js";

async function openTab(tab) {
  for (const each of tab.parentElement.children) {
    each.setAttribute("aria-selected", String(each === tab));
    each.tabIndex = each === tab ? 0 : -1;
  }
  const panel = document.getElementById("panel-beside");
  const isCase = tab.id === "tab-case";
  document.getElementById("panel-case").hidden = !isCase;
  panel.hidden = isCase;
  if (isCase) return;
  panel.setAttribute("aria-labelledby", tab.id);
  panel.innerHTML = '<p class="muted"></p>';
  const say = (text) => (panel.firstElementChild.textContent = text);
  say(tab.dataset.url ? "Loading …" : "This queue has no guidelines yet.");
  if (!tab.dataset.url) return;
  const outcome = await verdict(get(tab.dataset.url));
  if (tab.ariaSelected !== "true") return;
  if (outcome.kind === "accepted") panel.innerHTML = outcome.html;
  else say("This could not be loaded. Try again once the connection is back.");
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

const FILTERS = {
  filter: { group: ".group", line: ".f" },
  "wrong-filter": { group: ".flaw-group", line: ".flaw" },
  "find-class": { group: ".many", line: "label" },
};

// Show only the lines that contain what is typed, and hide groups without any.
main.addEventListener("input", ({ target }) => {
  const list = FILTERS[target.id];
  if (!list) return;
  const wanted = target.value.trim().toLowerCase();
  for (const group of main.querySelectorAll(list.group)) {
    for (const line of group.querySelectorAll(list.line)) line.hidden = !isWanted(line, wanted);
    group.hidden = !group.querySelector(`${list.line}:not([hidden])`);
  }
  document.getElementById(`${target.id}-none`).hidden = main.querySelector(`${list.group}:not([hidden])`) !== null;
});

// The chosen line stays visible.
const isWanted = (line, wanted) => textOf(line).includes(wanted) || line.querySelector("input:checked") !== null;

// The text of a line, without the options it offers.
function textOf(line) {
  const text = line.querySelector("select") ? line.firstElementChild.textContent : line.textContent;
  return text.toLowerCase();
}

// Enter goes from the filter to the first feature that is left.
main.addEventListener("keydown", (event) => {
  if (event.target.id !== "wrong-filter" || event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  main.querySelector(".flaw-group:not([hidden]) .flaw:not([hidden]) select")?.focus();
});
