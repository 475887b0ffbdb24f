"use strict";
// What every page shares: an open menu closes, a request that fails says so, a secret can be copied.

const menus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

// A link or button says its key in data-hotkey; keys typed into a field are the field's own.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  document.querySelector(`[data-hotkey="${CSS.escape(event.key)}"]`)?.click();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Where the tabs do not fit beside each other, the current one is in sight.
document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

// A table that is wider than the screen can be scrolled by keyboard too.
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
const watch = (root) => root.querySelectorAll(".scroll").forEach((frame) => widths.observe(frame));
watch(document);
document.addEventListener("htmx:load", (event) => watch(event.detail.elt));

function tell(text) {
  const notice = document.getElementById("notice");
  notice.querySelector("[data-text]").textContent = text;
  notice.hidden = false;
}

// The answer to a failed request is a page or fragment with the reason in [data-problem].
document.addEventListener("htmx:responseError", (event) => {
  const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const problem = answer.querySelector("[data-problem]");
  tell(problem ? problem.textContent.trim() : "Something went wrong on our side. Nothing of this page was lost; please try again.");
});

document.addEventListener("htmx:sendError", () => {
  tell("The server could not be reached. Nothing of this page was lost; please try again.");
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) document.getElementById("notice").hidden = true;
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
  }
});
