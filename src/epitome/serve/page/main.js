// The page: one document, one summary beside it, and what a person may do with both.

import * as dialogs from "./dialogs.js";
import { copy, download, markdown } from "./keeping.js";
import { show } from "./pages.js";
import { past } from "./past.js";
import * as pointing from "./pointing.js";
import { doubts, lay } from "./sentences.js";
import { key, rate, read, summarise, Trouble } from "./service.js";
import { languageName, number, percent, say, speak, turn } from "./words.js";
import * as wishes from "./wishes.js";

const at = (id) => document.getElementById(id);

let source = null; // what was given: {text}, {url} or {file}
let found = null; // the document that the service made of it
let shown = null; // the document on the page (pages.js)
let summary = null;
let work = null; // an AbortController while something is under way
let lastTry = null; // what `Try again` does

// --- a document comes ---

// Reads what was given; `again` is what `Try again` does, should it fail.
function take(given, again = () => take(given)) {
  return doing("reading", again, async (signal) => {
    if ("url" in given && !/^https?:\/\/./i.test(given.url)) throw new Trouble("url");
    if ("text" in given && !given.text.trim()) throw new Trouble("nothing");
    const document = await read(given, signal);
    source = given;
    open(document);
  });
}

function open(document) {
  found = document;
  summary = null;
  shown = show(at("pages"), found);
  at("composer").hidden = true;
  at("reader").hidden = false;
  if (work && document.activeElement === document.body) at("stop").focus({ preventScroll: true });
  at("edit").hidden = !source?.text;
  describe();
  forgetSummary();
}

function describe() {
  if (!found) return;
  at("title").textContent = nameOf(found);
  at("title").lang = found.language;
  // A title that stands in the text is not said twice.
  at("title").classList.toggle("hidden", found.text.startsWith(nameOf(found)));
  const wide = ["zh", "ja"].includes(found.language);
  const count = wide ? found.text.replace(/\s/g, "").length : found.text.split(/\s+/).length;
  const pages = Math.max(0, ...found.origins.map((origin) => origin.page ?? 0));
  at("about").textContent = [
    found.title && found.source,
    languageName(found.language),
    say(wide ? "characters" : "words", number(count)),
    pages > 1 && say("pages", number(pages)),
  ].filter(Boolean).join(" · ");
  notes(at("reader-notes"), found.warnings);
}

function nameOf(document) {
  return document.title || document.source || document.text.split("\n")[0].slice(0, 80);
}

function another({ keep = false } = {}) {
  stop();
  [source, found, shown, summary] = [null, null, null, null];
  at("composer").hidden = false;
  at("reader").hidden = true;
  if (!keep) at("text").value = at("url").value = "";
  forgetSummary();
  at("text").focus();
}

// --- a summary is written ---

function go() {
  if (found) return write();
  const [text, url] = [at("text").value, at("url").value.trim()];
  const given = text.trim() || !url ? { text } : { url };
  return take(given, go).then((done) => done && write());
}

function write() {
  return doing("writing", write, async (signal) => {
    const asked = wishes.wishes();
    forgetSummary();
    const holder = document.createElement("p");
    holder.className = "writing";
    at("summary").setAttribute("aria-busy", "true");
    at("summary").replaceChildren(holder);
    summary = await summarise({ document: found, ...asked }, (piece) => holder.append(piece), signal);
    finish();
    if (pointing.narrow.matches) at("summary-label").scrollIntoView();
    return say(past.add(found, summary) ? "ready" : "history-full");
  });
}

function finish() {
  lay(at("summary"), summary);
  shown.mark(summary.sentences);
  at("result").hidden = false;
  at("opinion").hidden = !summary.archive_id;
  report();
}

function report() {
  if (!summary) return;
  const wrong = doubts(summary);
  at("doubts").hidden = !wrong.length;
  at("doubts").querySelector("ul").replaceChildren(...wrong);
  const unmet = summary.unmet.map((one) => `${say("unmet")}: ${one.request} (${one.reason})`);
  notes(at("summary-notes"), [...unmet, ...summary.warnings.filter((one) => !found.warnings.includes(one))]);
  at("made").textContent = [
    summary.kind === "extractive" && say("copies"),
    summary.read_share >= 1 ? say("read-all") : say("read-share", percent(summary.read_share)),
    [summary.model, summary.adapter].filter(Boolean).join(" + "),
    say("took-seconds", number(summary.seconds, { maximumFractionDigits: 1 })),
  ].filter(Boolean).join(" · ");
}

function forgetSummary() {
  summary = null;
  shown?.mark([]);
  at("result").hidden = at("doubts").hidden = true;
  at("summary").removeAttribute("aria-busy");
  const empty = document.createElement("p");
  empty.className = "faint";
  empty.textContent = say("empty");
  at("summary").lang = "";
  at("summary").replaceChildren(empty);
  for (const button of at("opinion").querySelectorAll("[aria-pressed]")) button.setAttribute("aria-pressed", "false");
  at("opinion").querySelector(".comment").hidden = true;
  pointing.hideEvidence();
}

// --- work, and what can go wrong ---

// Runs `task` with a signal that `stop` sets, once there is a key; what it returns is said. Resolves to whether it was done.
async function doing(what, again, task) {
  stop();
  const mine = (work = new AbortController());
  lastTry = again;
  tell(null);
  if (!key.get() && !(await dialogs.askKey())) return false;
  busy(what);
  try {
    const said = await keyed(() => task(mine.signal));
    if (mine === work) at("state").textContent = said ?? "";
    return true;
  } catch (error) {
    if (mine === work) broke(what, error);
    return false;
  } finally {
    if (mine === work) {
      work = null;
      busy(null);
    }
  }
}

// Asks for another key as long as the service does not know the one given.
async function keyed(task) {
  wishes.learnAdapters();
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (error.kind !== 401) throw error;
      if (!(await dialogs.askKey({ wrong: true }))) throw error;
    }
  }
}

function broke(what, error) {
  if (what === "writing") forgetSummary();
  if (error.name === "AbortError") at("state").textContent = say("stopped");
  else tell(error);
}

function stop() {
  work?.abort();
}

let clock = 0;

function busy(what) {
  clearInterval(clock);
  const here = document.activeElement;
  document.body.classList.toggle("busy", what !== null);
  at("go").disabled = what !== null;
  at("stop").hidden = what === null;
  // Whoever is at the keyboard keeps their place when a button goes.
  if ([document.body, at("go"), at("stop")].includes(here)) {
    at(what === null ? "go" : "stop").focus({ preventScroll: true });
  }
  if (what === null) return;
  const begun = Date.now();
  at("state").textContent = `${say(what)} …`;
  const ticking = document.createElement("span");
  ticking.ariaHidden = "true"; // nobody wants each second read aloud
  at("state").append(ticking);
  clock = setInterval(() => {
    ticking.textContent = ` ${say("took-seconds", number(Math.round((Date.now() - begun) / 1000)))}`;
  }, 1000);
}

// Shows an error in the person's words, with what the service said; null takes it away.
function tell(error) {
  at("trouble").hidden = error === null;
  if (error === null) return;
  const kind = error instanceof Trouble ? error.kind : "broken";
  const named = typeof kind === "number" ? ([400, 401, 413, 422, 429].includes(kind) ? kind : kind < 500 ? 400 : 500) : kind;
  at("trouble-what").textContent = say(`error-${named}`, number(error.wait || 5));
  at("trouble-more").textContent = error.detail ?? "";
  at("again").hidden = ["nothing", "url", "bounds", 400, 413].includes(kind);
  at("state").textContent = "";
  if (!(error instanceof Trouble)) throw error; // for the console: it is ours
}

function notes(list, texts) {
  list.hidden = !texts.length;
  list.replaceChildren(
    ...texts.map((text) => {
      const node = document.createElement("li");
      node.textContent = text;
      return node;
    }),
  );
}

// --- buttons, keys, files ---

function buttons() {
  at("choose").addEventListener("click", () => at("file").click());
  at("file").addEventListener("change", () => {
    if (at("file").files[0]) take({ file: at("file").files[0] });
    at("file").value = "";
  });
  at("address").addEventListener("submit", (event) => {
    event.preventDefault();
    take({ url: at("url").value.trim() });
  });
  at("wishes").addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
  at("stop").addEventListener("click", stop);
  at("again").addEventListener("click", () => lastTry?.());
  at("another").addEventListener("click", () => another());
  at("edit").addEventListener("click", () => another({ keep: true }));
  at("copy").addEventListener("click", async () => {
    const done = await copy(summary.text);
    at("state").textContent = say(done ? "copied" : "error-copy");
  });
  at("markdown").addEventListener("click", () =>
    download("summary.md", "text/markdown", markdown(summary, nameOf(found))),
  );
  at("json").addEventListener("click", () =>
    download("summary.json", "application/json", JSON.stringify(summary, null, 2)),
  );
  at("open-key").addEventListener("click", () => dialogs.askKey());
  at("open-keys").addEventListener("click", () => dialogs.showKeys());
  at("open-past").addEventListener("click", () => dialogs.showPast(reopen));
  at("tongue").addEventListener("click", () => {
    turn();
    speakAgain();
  });
}

function reopen(entry) {
  stop();
  tell(null);
  source = null;
  open(entry.document);
  summary = entry.summary;
  finish();
}

function speakAgain() {
  at("tongue").textContent = say("other");
  at("tongue").lang = say("other") === "English" ? "en" : "zh";
  wishes.fill();
  describe();
  if (summary) lay(at("summary"), summary);
  else if (!work) forgetSummary();
  report();
}

function opinion() {
  const form = at("opinion");
  const send = async (rating) => {
    try {
      await rate({ summary: summary.archive_id, rating, comment: at("comment").value.trim() });
      at("state").textContent = say("thanks");
    } catch (error) {
      tell(error);
    }
  };
  for (const button of form.querySelectorAll("[data-rating]")) {
    button.addEventListener("click", () => {
      for (const other of form.querySelectorAll("[data-rating]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      form.querySelector(".comment").hidden = false;
      send(button.dataset.rating);
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = form.querySelector("[aria-pressed=true]");
    if (pressed) send(pressed.dataset.rating).then(() => (at("comment").value = ""));
  });
}

function shortcuts() {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!work) go();
    }
    if (event.key !== "Escape") return;
    if (work) stop();
    else pointing.back();
  });
}

function drops() {
  const holds = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0; // enter and leave also come for what lies inside
  const hint = (change) => {
    depth = Math.max(0, depth + change);
    at("dropping").hidden = depth === 0;
  };
  document.addEventListener("dragenter", (event) => holds(event) && hint(1));
  document.addEventListener("dragleave", (event) => holds(event) && hint(-1));
  document.addEventListener("dragover", (event) => holds(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    hint(-depth);
    if (event.dataTransfer.files[0]) take({ file: event.dataTransfer.files[0] });
  });
}

speak();
wishes.ready();
dialogs.ready();
buttons();
opinion();
pointing.ready(() => ({ shown, summary, language: found?.language }));
shortcuts();
drops();
speakAgain();
