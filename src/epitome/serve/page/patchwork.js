// What stands beside a summary: its document, or where that is not kept the passages, put together to one text.

import { unitsOf } from "./characters.js";

const points = (text) => [...text].length; // offsets count code points

// Returns {text, sentences, whole}: the sentences' sources lie in the text, their facts in the sentences.
export function patchwork(review) {
  const whole = review.document !== null;
  const text = whole ? review.document : passages(review.summary.sentences);
  const sentences = review.summary.sentences.map((sentence) => ({
    ...sentence,
    sources: placed(sentence.sources.filter((source) => source.text), text),
    facts: placed(sentence.facts, sentence.text),
  }));
  return { text, sentences, whole };
}

// Each passage once, in the order of the document.
function passages(sentences) {
  const spans = sentences.flatMap((sentence) => sentence.sources).filter((source) => source.text);
  const ordered = spans.sort((one, other) => one.start - other.start).map((source) => source.text);
  return [...new Set(ordered)].join("\n\n");
}

// The spans with the places where they stand in this text: others than in the document, where passages were put together or
// personal data was masked. What stands nowhere has no length.
function placed(spans, text) {
  const units = unitsOf(text);
  return spans.map((span) => {
    if (text.slice(units(span.start), units(span.end)) === span.text) return span;
    const at = text.indexOf(span.text);
    const start = at < 0 ? 0 : points(text.slice(0, at));
    return { ...span, start, end: at < 0 ? 0 : start + points(span.text) };
  });
}
