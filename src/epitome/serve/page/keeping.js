// What leaves the page: the clipboard, Markdown, JSON.

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text); // a page that came over plain HTTP has no clipboard
  }
}

function copyOldWay(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

export function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// The summary, each sentence with a footnote that quotes its sources, and what the document does not bear out.
export function markdown(summary, title) {
  let text = summary.text;
  let at = 0;
  const notes = [];
  summary.sentences.forEach((sentence, index) => {
    const start = text.indexOf(sentence.text, at);
    if (start < 0 || !sentence.sources.length) return;
    const end = start + sentence.text.length;
    text = `${text.slice(0, end)}[^${index + 1}]${text.slice(end)}`;
    at = end;
    const quotes = sentence.sources.map((source) => {
      const page = source.page ? `p. ${source.page}: ` : "";
      return `${page}“${source.text.replace(/\s+/g, " ")}”`;
    });
    notes.push(`[^${index + 1}]: ${quotes.join("; ")}`);
  });
  const doubts = summary.sentences
    .flatMap((sentence) => sentence.facts)
    .map((fact) => `- “${fact.text}” is not in the document${fact.nearest ? `, which says “${fact.nearest}”` : ""}`);
  const parts = [title ? `# ${title}` : "", text, doubts.join("\n"), notes.join("\n"), `*${madeBy(summary)}*`];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function madeBy(summary) {
  const model = [summary.model, summary.adapter].filter(Boolean).join(", ");
  return `Summary by Epitome ${summary.version} (${model}), ${Math.floor(summary.read_share * 100)} % of the document read`;
}
