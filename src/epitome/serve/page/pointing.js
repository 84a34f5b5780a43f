// From a sentence to its sources and back: by pointer, by keyboard, by touch.

import { evidence } from "./sentences.js";

const at = (id) => document.getElementById(id);

// Where the document does not stand beside the summary, but above it: there the sources are shown below.
export const narrow = matchMedia("(max-width: 55rem)");

let pinned = null; // the sentence that has the focus
let look = () => ({}); // the document as it is shown (pages.js), and the summary

// `now` returns what is on the page: {shown, summary, language}.
export function ready(now) {
  look = now;
  const [summary, pages] = [at("summary"), at("pages")];
  summary.addEventListener("mouseover", (event) => {
    const number = sentenceAt(event);
    if (number !== null) lightUp(number);
  });
  summary.addEventListener("mouseleave", () => lightUp(pinned));
  summary.addEventListener("focusin", (event) => {
    pinned = sentenceAt(event);
    lightUp(pinned);
    if (pinned !== null) showEvidence(pinned);
  });
  summary.addEventListener("focusout", () => {
    pinned = null;
    lightUp(null);
  });
  summary.addEventListener("click", choose);
  summary.addEventListener("keydown", walk);
  pages.addEventListener("mouseover", (event) => {
    const mark = event.target.closest("mark");
    lightSentence(mark ? Number(mark.dataset.sentences.split(" ")[0]) : pinned);
  });
  pages.addEventListener("mouseleave", () => lightUp(pinned));
  at("evidence-close").addEventListener("click", hideEvidence);
  at("evidence-go").addEventListener("click", () => {
    hideEvidence();
    toSource(Number(at("evidence").dataset.of));
  });
}

// Closes what is open, or goes from a source back to its sentence.
export function back() {
  if (!at("evidence").hidden && narrow.matches) hideEvidence();
  else sentenceNode(document.activeElement?.dataset.from)?.focus();
}

export function hideEvidence() {
  at("evidence").hidden = true;
}

function sentenceAt(event) {
  const node = event.target.closest?.("[data-sentence]");
  return node ? Number(node.dataset.sentence) : null;
}

function sentenceNode(number) {
  return at("summary").querySelector(`[data-sentence="${number}"]`);
}

function lightUp(number) {
  look().shown?.light(number);
  lightSentence(number);
}

function lightSentence(number) {
  for (const node of at("summary").querySelectorAll("[data-sentence]")) {
    node.classList.toggle("lit", Number(node.dataset.sentence) === number);
  }
}

function choose(event) {
  const number = sentenceAt(event);
  if (number === null) return;
  event.preventDefault();
  if (!getSelection().isCollapsed) return; // the text was being marked
  const byKeyboard = event.detail === 0;
  if (byKeyboard || !narrow.matches) toSource(number);
}

function walk(event) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const here = sentenceAt(event);
  const next = step && here !== null && sentenceNode(here + step);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function toSource(number) {
  lightUp(number);
  const mark = look().shown.first(number);
  if (!mark) return;
  at("pages").scrollIntoView({ block: "nearest" });
  mark.dataset.from = number;
  mark.focus({ preventScroll: true });
}

function showEvidence(number) {
  const { shown, summary, language } = look();
  at("evidence-text").replaceChildren(...evidence(summary.sentences[number]));
  at("evidence-text").lang = language;
  at("evidence-go").hidden = !shown.first(number);
  at("evidence").dataset.of = number;
  at("evidence").hidden = false;
  if (narrow.matches) sentenceNode(number).scrollIntoView({ block: "nearest" }); // not under what has opened
}
