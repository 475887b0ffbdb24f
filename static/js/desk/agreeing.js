// Where the model agrees, the desk can go on by itself: the reveal stays for a moment, and any key or click holds it.
import { submit } from "./answering.js";
import { form } from "./card.js";
import { isBusy, paintedAt } from "./painting.js";

const STORE = "review-goes-on";
const MOMENT_MS = 1_000;
const setting = document.getElementById("goes-on");
let timer = null;

function hold() {
  if (timer === null) return;
  clearTimeout(timer);
  timer = null;
  const line = document.getElementById("going-on");
  if (line) line.textContent = "Held. Enter keeps your answer.";
}

function goOn() {
  timer = null;
  if (form()?.dataset.agrees !== undefined && !document.hidden) submit();
}

// The moment begins once the card is painted.
function wait() {
  if (isBusy) requestAnimationFrame(wait);
  else timer = setTimeout(goOn, MOMENT_MS);
}

document.addEventListener("desk:shown", () => {
  clearTimeout(timer);
  timer = null;
  const line = document.getElementById("going-on");
  if (!setting.checked || !line) return;
  line.hidden = false;
  wait();
});

// A key that was pressed for the card before does not count, nor one that is still held down.
document.addEventListener("keydown", (event) => {
  if (!event.repeat && event.timeStamp > paintedAt) hold();
}, true);
document.addEventListener("pointerdown", hold, true);
document.addEventListener("visibilitychange", () => document.hidden && hold());

setting.checked = localStorage.getItem(STORE) === "on";
setting.addEventListener("change", () => localStorage.setItem(STORE, setting.checked ? "on" : "off"));
