// A summary as it stands on the page: every sentence a link to its sources, unsupported facts marked.

import { unitsOf } from "./characters.js";
import { say } from "./words.js";

// Fills `place` with the summary; sentences get data-sentence with their numbers.
export function lay(place, summary) {
  place.lang = summary.language;
  const lines = summary.text.split("\n");
  const list = lines.every((line) => line.startsWith("- "));
  const holder = document.createElement(list ? "ul" : "p");
  const left = summary.sentences.map((sentence, number) => [sentence, number]);
  for (const line of lines) {
    const row = list ? document.createElement("li") : holder;
    row.dir = "auto";
    row.append(...laid(list ? line.slice(2) : line, left));
    if (list) holder.append(row);
    else if (line !== lines.at(-1)) holder.append("\n");
  }
  place.replaceChildren(holder);
}

// The line's sentences, taken off `left`, and what stands between them.
function laid(line, left) {
  const nodes = [];
  let at = 0;
  while (left.length) {
    const [sentence, number] = left[0];
    // A headline stands without its full stop.
    const text = [sentence.text, sentence.text.replace(/[.。]+$/, "")].find((one) => line.indexOf(one, at) >= 0);
    if (text === undefined) break;
    const start = line.indexOf(text, at);
    if (start > at) nodes.push(line.slice(at, start));
    nodes.push(link(sentence, number, text));
    at = start + text.length;
    left.shift();
  }
  if (at < line.length) nodes.push(line.slice(at));
  return nodes;
}

function link(sentence, number, text) {
  const node = document.createElement("a");
  node.href = "#pages";
  node.draggable = false; // so that its text can be marked
  node.className = sentence.supported || sentence.facts.length ? "sentence" : "sentence weak";
  node.dataset.sentence = number;
  const units = unitsOf(sentence.text);
  let at = 0;
  for (const fact of sentence.facts) {
    const [start, end] = [units(fact.start), Math.min(units(fact.end), text.length)];
    if (start < at || end <= start) continue;
    node.append(text.slice(at, start), doubt(text.slice(start, end), fact));
    at = end;
  }
  node.append(text.slice(at));
  return node;
}

function doubt(text, fact) {
  const node = document.createElement("mark");
  node.className = "doubt";
  node.textContent = text;
  node.title = fact.nearest ? `${say("says-instead")}: ${fact.nearest}` : say("says-nothing");
  const aside = document.createElement("span");
  aside.className = "hidden";
  aside.textContent = ` (${say("not-in-document")})`;
  node.append(aside);
  return node;
}

// One list item a thing that the document does not bear out.
export function doubts(summary) {
  return summary.sentences.flatMap((sentence) => {
    if (sentence.facts.length) return sentence.facts.map(fact);
    return sentence.supported ? [] : [item(sentence.text, say("weak"))];
  });
}

const KINDS = new Set(["number", "date", "quotation", "negation", "opposite"]);

function fact(found) {
  const node = item(found.text, say(KINDS.has(found.kind) ? found.kind : "person"));
  const told = document.createElement("span");
  if (found.nearest) {
    const nearest = document.createElement("q");
    nearest.textContent = found.nearest;
    told.append(`${say("says-instead")} `, nearest);
  } else {
    told.textContent = say("says-nothing");
  }
  node.append(told);
  return node;
}

function item(text, about) {
  const node = document.createElement("li");
  const said = document.createElement("strong");
  said.textContent = text;
  const kind = document.createElement("small");
  kind.textContent = about;
  node.append(said, kind);
  return node;
}

// The passages that a sentence rests on, for where the document is not in sight.
export function evidence(sentence) {
  if (!sentence.sources.length) {
    const none = document.createElement("p");
    none.textContent = say("rests-on-nothing");
    return [none];
  }
  return sentence.sources.map((source) => {
    const quote = document.createElement("blockquote");
    quote.textContent = source.text;
    quote.dir = "auto";
    if (source.page) {
      const page = document.createElement("small");
      page.textContent = ` ${say("page", source.page)}`;
      quote.append(page);
    }
    return quote;
  });
}
