// The document beside the summary: its paragraphs, and the passages that sentences rest on, marked in place.

import { unitsOf } from "./characters.js";

const LONG = 500; // paragraphs from which those out of sight are not laid out: a book would take seconds

// Shows a document in `pane`. Returns what puts marks on it.
export function show(pane, found) {
  const units = unitsOf(found.text);
  const headings = new Map(found.sections.map((part) => [units(part.start), part]));
  const paragraphs = [];
  let at = 0;
  for (const text of found.text.split("\n\n")) {
    const heading = headings.get(at);
    const isHeading = heading?.title && text === heading.title;
    const node = document.createElement(isHeading ? `h${Math.min(6, heading.level + 1)}` : "p");
    if (at === 0 && text === found.title) node.className = "title";
    node.dir = "auto";
    node.textContent = text;
    paragraphs.push({ node, text, start: at, end: at + text.length });
    at += text.length + 2;
  }
  pane.replaceChildren(...paragraphs.map((one) => one.node));
  pane.lang = found.language;
  pane.scrollTop = 0;
  pane.classList.toggle("long", paragraphs.length > LONG);
  return {
    mark: (sentences) => mark(paragraphs, spansOf(sentences, units)),
    light: (sentence) => light(pane, sentence),
    first: (sentence) => marksOf(pane, sentence)[0],
  };
}

// Where each sentence's sources lie, in units. What they say there may be masked in the summary, and is not here.
function spansOf(sentences, units) {
  return sentences.flatMap((sentence, number) =>
    sentence.sources.map((source) => ({ number, start: units(source.start), end: units(source.end) })),
  );
}

function mark(paragraphs, spans) {
  for (const { node, text, start, end } of paragraphs) {
    const here = spans.filter((span) => span.start < end && start < span.end);
    if (!here.length && !node.firstElementChild) continue;
    const cuts = here.flatMap((span) => [Math.max(span.start, start), Math.min(span.end, end)]);
    const places = [...new Set([start, end, ...cuts])].sort((a, b) => a - b);
    const pieces = places.slice(1).map((place, before) => [places[before], place]);
    node.replaceChildren(...pieces.map(([from, to]) => piece(text.slice(from - start, to - start), from, to, here)));
  }
}

function piece(text, from, to, spans) {
  const numbers = spans.filter((span) => span.start <= from && to <= span.end).map((span) => span.number);
  if (!numbers.length) return document.createTextNode(text);
  const node = document.createElement("mark");
  node.textContent = text;
  node.tabIndex = -1;
  node.dataset.sentences = [...new Set(numbers)].join(" ");
  return node;
}

function marksOf(pane, sentence) {
  return sentence === null ? [] : [...pane.querySelectorAll(`mark[data-sentences~="${sentence}"]`)];
}

// Lights the sources of one sentence, or none for null, and scrolls the pane (never the page) to the first.
function light(pane, sentence) {
  for (const lit of pane.querySelectorAll("mark.lit")) lit.classList.remove("lit");
  const marks = marksOf(pane, sentence);
  for (const node of marks) node.classList.add("lit");
  if (marks.length) bringInto(pane, marks);
}

function bringInto(pane, marks, tries = 3) {
  const frame = pane.getBoundingClientRect();
  const rects = marks.map((node) => node.getBoundingClientRect());
  if (rects.some((rect) => rect.top >= frame.top && rect.bottom <= frame.bottom)) return;
  const long = pane.classList.contains("long");
  const calm = long || matchMedia("(prefers-reduced-motion: reduce)").matches;
  pane.scrollBy({ top: rects[0].top - frame.top - frame.height / 3, behavior: calm ? "instant" : "smooth" });
  // What was not laid out has no more than a guessed height until it comes into sight.
  if (long && tries) requestAnimationFrame(() => bringInto(pane, marks, tries - 1));
}
