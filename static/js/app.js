// Every page: menus close, hotkeys press, wide tables scroll by keyboard, secrets can be copied.
import "./notice.js";

const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
    // It closes the menu and does nothing else, also where it is the key of a link.
    event.stopImmediatePropagation();
  }
});

// A link or button names its key in data-hotkey. Keys typed into a field belong to the field.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  document.querySelector(`[data-hotkey="${CSS.escape(event.key)}"]`)?.click();
});

// Find is a key away on every page that has it, also from a field.
document.addEventListener("keydown", (event) => {
  const find = document.getElementById("find");
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || !find) return;
  event.preventDefault();
  find.focus();
  find.select();
});

// A checkbox over a list checks all of it.
document.addEventListener("change", ({ target }) => {
  if (!target.dataset?.selectAll) return;
  for (const box of document.getElementsByName(target.dataset.selectAll)) box.checked = target.checked;
});

// On a phone the tabs scroll; bring the current one into view.
document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

// A table wider than its frame takes focus, so that the keyboard can scroll it.
const frames = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
const observeFrames = (root) => root.querySelectorAll(".scroll").forEach((frame) => frames.observe(frame));
observeFrames(document);
document.addEventListener("htmx:load", (event) => observeFrames(event.detail.elt));

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
