// The texts of the scripts, in the browser's language. The server sends the translations as a module.

import { language, texts } from "../../words.js";

export { language };

/** Translate a text, and replace `{name}` in it by the value of this name. */
export function _(text, values = {}) {
  return filled(texts[text] ?? text, values);
}

/** Translate the singular or the plural of a text with the number `n`. English and German have the same rule. */
export function ngettext(one, many, n, values = {}) {
  const forms = texts[one] ?? [one, many];
  return filled(forms[n === 1 ? 0 : 1], { n: new Intl.NumberFormat(language).format(n), ...values });
}

/** Format a size: `10.2 kB`. */
export function sizeText(size) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), units.length - 1);
  const shown = size / 1000 ** step;
  const digits = step && shown < 100 ? 1 : 0;
  const form = { style: "unit", unit: units[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, form).format(shown);
}

/** Format a number of seconds: `9 sec`, `3 min`. */
export function durationText(seconds) {
  const [unit, shown] = seconds < 90 ? ["second", seconds] : seconds < 5400 ? ["minute", seconds / 60] : ["hour", seconds / 3600];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(Math.ceil(shown));
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
