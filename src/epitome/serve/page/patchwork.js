// What stands beside a summary: its document, or where that is not kept the passages, put together to one text.

// Returns {text, sentences, whole}: the sentences' sources lie in the text.
export function patchwork(review) {
  const { sentences } = review.summary;
  if (review.document !== null) return { text: review.document, sentences, whole: true };
  const places = new Map(); // passage to where it begins
  let text = "";
  let points = 0;
  const spans = sentences.flatMap((sentence) => sentence.sources).filter((source) => source.text);
  for (const source of spans.sort((one, other) => one.start - other.start)) {
    if (places.has(source.text)) continue;
    if (text) [text, points] = [`${text}\n\n`, points + 2];
    places.set(source.text, points);
    text += source.text;
    points += [...source.text].length; // offsets count code points
  }
  const moved = (source) => {
    const start = places.get(source.text) ?? 0;
    return { ...source, start, end: start + [...source.text].length };
  };
  return {
    text,
    sentences: sentences.map((sentence) => ({ ...sentence, sources: sentence.sources.filter((one) => one.text).map(moved) })),
    whole: false,
  };
}
