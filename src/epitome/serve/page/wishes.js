// What is wanted of the summary: the form, and the fields of the request that it stands for.

import { adapters, Trouble } from "./service.js";
import { languageName, say } from "./words.js";

const at = (id) => document.getElementById(id);
const STYLES = ["", "sentence", "paragraph", "bullets", "headline", "tldr"];
const LENGTHS = ["", "15-30", "40-70", "90-140", "own"];
const LANGUAGES = ["", "en", "zh", "de", "es", "fr", "it", "ja", "ko", "pt", "ru"];
let known = [];

// Fills the lists anew, in the page's language; what was chosen stays chosen.
export function fill() {
  options(at("style"), STYLES, (value) => say(`style-${value}`));
  options(at("length"), LENGTHS, (value) => say(`length-${value}`));
  options(at("language"), LANGUAGES, (value) => (value ? languageName(value) : say("language-")));
  options(at("adapter"), ["", "none", ...known], (value) =>
    ["", "none"].includes(value) ? say(`adapter-${value}`) : value,
  );
}

function options(list, values, name) {
  const chosen = list.value;
  list.replaceChildren(...values.map((value) => new Option(name(value), value)));
  list.value = values.includes(chosen) ? chosen : "";
}

// Asks the service once which adapters there are.
export async function learnAdapters() {
  if (known.length) return;
  known = await adapters();
  fill();
}

export function ready() {
  fill();
  at("length").addEventListener("change", () => (at("bounds").hidden = at("length").value !== "own"));
}

// The fields of the request. Throws `Trouble` for bounds that contradict each other.
export function wishes() {
  const asked = {};
  if (at("style").value) asked.style = at("style").value;
  const words = at("length").value === "own" ? bounds() : at("length").value;
  if (words) asked.words = words;
  if (at("focus").value.trim()) asked.focus = at("focus").value.trim();
  const mention = at("mention").value.split(/[,，、;；]/).map((term) => term.trim()).filter(Boolean);
  if (mention.length) asked.mention = mention;
  if (at("adapter").value) asked.adapter = at("adapter").value;
  if (at("language").value) asked.language = at("language").value;
  return asked;
}

function bounds() {
  const [least, most] = [at("least").valueAsNumber, at("most").valueAsNumber];
  if (!least && !most) return "";
  if (least > most) throw new Trouble("bounds");
  return `${least || 1}-${most || 5000}`;
}
