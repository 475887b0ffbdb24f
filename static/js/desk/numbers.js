// Numbers as people type them, with either decimal sign: the rules of the server, told while the card is in sight.

const GROUPED =
  /^(?<whole>[1-9]\d{0,2}(?:(?<sign>[.,' ’\u00a0\u2009\u202f])\d{3})(?:\k<sign>\d{3})*)(?:(?!\k<sign>)[.,](?<part>\d*))?$/;
const PLAIN = /^(?<whole>\d*)(?:[.,](?<part>\d*))?$/;
const SIGNED = /^(?<minus>[+-]?)(?<digits>[\d.,' ’\u00a0\u2009\u202f]*\d[.,]?)(?<power>[eE][+-]?\d{1,3})?$/;

function unified(digits) {
  const grouped = GROUPED.exec(digits)?.groups;
  const isOneMark = grouped && grouped.part === undefined && digits.split(grouped.sign).length === 2;
  if (isOneMark && grouped.sign === ",") {
    const [bare, decimal] = [digits.replace(",", ""), digits.replace(",", ".")];
    return { problem: `“${digits}” can mean ${bare} or ${decimal}. Write it without a comma.` };
  }
  const isGrouped = grouped && !(isOneMark && grouped.sign === ".");
  const { whole, part = "" } = isGrouped ? grouped : (PLAIN.exec(digits)?.groups ?? {});
  if (whole === undefined) return { problem: `“${digits}” is not a number.` };
  return { text: `${isGrouped ? whole.replaceAll(grouped.sign, "") : whole}${part && `.${part}`}` };
}

// Return the number as text without groups and with a decimal point, or what is wrong with it.
export function readNumber(typed) {
  const text = typed.trim().replace("−", "-");
  if (!text) return { problem: "Enter a number first." };
  const signed = SIGNED.exec(text)?.groups;
  if (!signed) return { problem: `“${text.slice(0, 40)}” is not a number.` };
  const { minus, digits, power = "" } = signed;
  const found = unified(digits);
  return found.problem ? found : { text: `${minus === "-" ? "-" : ""}${found.text}${power}` };
}
