"use strict";
// Which key does what: the usual ones are written in the sheet of keys, a person's own are kept on this device.
// Digits, arrows, Enter and Escape are everybody's.

const bindings = (() => {
  const OWN = "review-keys-own";
  const list = document.getElementById("keys-list");
  const says = document.getElementById("keys-said");
  const buttons = [...list.querySelectorAll("[data-bind]")];
  const usual = new Map(buttons.map((button) => [button.dataset.bind, button.dataset.usual]));
  const own = read();
  let asking = null; // the button whose key is asked for

  // What somebody changed by hand, or an older page kept, is heeded as far as it makes sense.
  function read() {
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(OWN)) ?? {};
    } catch {
      // The usual keys do.
    }
    const known = Object.entries(kept).filter(([action, key]) => usual.has(action) && !refusal(key));
    const read = new Map(known);
    const keys = [...usual.keys()].map((action) => read.get(action) ?? usual.get(action));
    return new Set(keys).size === keys.length ? read : new Map();
  }

  const keyOf = (action) => own.get(action) ?? usual.get(action);
  const plain = (key) => (key.length === 1 ? key.toLowerCase() : key);
  const actionOf = (key) => [...usual.keys()].find((action) => keyOf(action) === key);
  const named = (action) => list.querySelector(`[data-bind="${action}"]`).dataset.named;

  function refusal(key) {
    if (/^[0-9]$/.test(key)) return "Digits choose answers and reasons.";
    if (typeof key !== "string" || [...key].length !== 1 || key === " ") return "Only a letter or a sign can be a key here.";
    return "";
  }

  // The hints on the card, in the sheet and on what comes from the shelf show the person's own keys.
  function show() {
    for (const hint of document.querySelectorAll("[data-hint]")) hint.textContent = keyOf(hint.dataset.hint);
    document.getElementById("keys-usual").hidden = own.size === 0;
  }

  function tell(text) {
    says.textContent = text;
  }

  function ask(button) {
    stop();
    asking = button;
    button.setAttribute("aria-pressed", "true");
    tell(`Press the key for “${button.dataset.named}”. Esc leaves it as it is.`);
  }

  function stop() {
    asking?.removeAttribute("aria-pressed");
    asking = null;
  }

  function keep() {
    try {
      if (own.size) localStorage.setItem(OWN, JSON.stringify(Object.fromEntries(own)));
      else localStorage.removeItem(OWN);
    } catch {
      // Without a store the keys hold as long as the page.
    }
    show();
  }

  function take(pressed) {
    const key = plain(pressed);
    const action = asking.dataset.bind;
    const taken = actionOf(key);
    const wrong = refusal(key) || (taken && taken !== action ? `“${key}” is the key for “${named(taken)}”.` : "");
    if (wrong) {
      tell(`${wrong} Press another one.`);
      return;
    }
    if (usual.get(action) === key) own.delete(action);
    else own.set(action, key);
    tell(`“${key}” is now the key for “${named(action)}”.`);
    stop();
    keep();
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-bind]");
    if (button) ask(button);
  });

  // Before anything else in the sheet: Enter would press the button again, and Esc close the sheet.
  document.addEventListener("keydown", (event) => {
    if (!asking || ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"].includes(event.key)) return;
    if (event.key === "Tab") {
      stop();
      tell("");
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      stop();
      tell("Left as it was.");
    } else if (!event.repeat && !event.isComposing) {
      take(event.ctrlKey || event.metaKey ? "with a modifier" : event.key);
    }
  }, true);

  document.getElementById("keys-usual").addEventListener("click", () => {
    stop();
    own.clear();
    keep();
    tell("The usual keys are back.");
    list.querySelector("[data-bind]").focus();
  });

  document.getElementById("keys").addEventListener("close", () => {
    stop();
    tell("");
  });
  document.addEventListener("desk:shown", show);
  show();

  return { actionOf: (key) => actionOf(plain(key)) };
})();
