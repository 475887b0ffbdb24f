// What a reviewer types is kept in the browser until it is sent.
import { form, main, token, typed } from "./card.js";

const PREFIX = `countersign-draft:${main.dataset.reviewer}:`;
const DAYS = 7;

const keyOf = (card) => `${PREFIX}${token(card)}:${card.dataset.phase}`;

export function keepDraft() {
  try {
    if (form()) localStorage.setItem(keyOf(form()), JSON.stringify({ at: Date.now(), fields: typed(form()) }));
  } catch {
    // Without storage, a draft lives as long as the page.
  }
}

export function restoreDraft() {
  const card = form();
  const { fields } = JSON.parse((card && localStorage.getItem(keyOf(card))) || "{}");
  if (!fields) return;
  for (const input of card.elements) {
    if (!input.name || input.type === "hidden") continue;
    const values = fields.filter(([name]) => name === input.name).map(([, value]) => value);
    if (["radio", "checkbox"].includes(input.type)) input.checked = values.includes(input.value);
    else if (values.length) input.value = values[0];
  }
}

export function forgetDraft(card) {
  localStorage.removeItem(keyOf(card));
}

export function forgetOldDrafts() {
  const oldest = Date.now() - DAYS * 86_400_000;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && JSON.parse(localStorage.getItem(key)).at < oldest) localStorage.removeItem(key);
  }
}
