// The desk's keys on any keyboard layout: what a key prints comes first, then where it lies.

const MARKS = { Comma: ",", Period: ".", Slash: "/" };
const WITH_SHIFT = { Slash: "?" };
const NAMELESS = new Set(["Dead", "Process", "Unidentified"]);

export const lower = (key) => ([...key].length === 1 ? key.toLowerCase() : key);
const isPlain = (key) => /^[a-z0-9]$/.test(key);

// What the key prints on a US layout. The digits of some layouts need Shift, so that Shift with a digit key means none.
function byPlace({ code, shiftKey }) {
  const letter = code.match(/^Key([A-Z])$/)?.[1].toLowerCase();
  const digit = shiftKey ? undefined : code.match(/^(?:Digit|Numpad)([0-9])$/)?.[1];
  return letter ?? digit ?? (shiftKey ? WITH_SHIFT : MARKS)[code];
}

// The key that an event means. A Latin letter, a digit or a key in use means what it prints.
export function keyOf(event, isInUse) {
  const printed = lower(event.key);
  const isNamed = [...printed].length > 1 && !NAMELESS.has(printed);
  if (isNamed || isPlain(printed) || isInUse(printed)) return printed;
  return byPlace(event) ?? printed;
}
