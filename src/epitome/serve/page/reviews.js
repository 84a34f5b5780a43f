// The page of reviews: the queue, one summary beside its document, and what a reviewer decides.

import * as dialogs from "./dialogs.js";
import { show } from "./pages.js";
import { patchwork } from "./patchwork.js";
import * as pointing from "./pointing.js";
import { act, check, claim, done, find, leave, list, trail } from "./reviewing.js";
import { doubts, lay } from "./sentences.js";
import { key, Trouble } from "./service.js";
import { WORDS } from "./reviews-words.js";
import { languageName, learn, locale, say, speak, turn } from "./words.js";

const at = (id) => document.getElementById(id);
const button = (action) => at("actions").querySelector(`[data-action=${action}]`);

let state = "open"; // which reviews are listed
let listed = [];
let counts = {};
let review = null; // the one that is open
let standing = "open"; // how the reader stands to it: open, held, watched, or decided
let shown = null; // its document on the page (pages.js)
let summary = null; // as it is laid out
let last = null; // the id of what was decided last

// --- the queue ---

async function load(wanted = state, { more = false } = {}) {
  const answer = await list(wanted, more ? listed.at(-1)?.id : undefined);
  state = wanted;
  listed = more ? [...listed, ...answer.reviews] : answer.reviews;
  counts = answer.counts;
  drawQueue();
}

function drawQueue() {
  for (const tab of at("states").children) {
    tab.setAttribute("aria-pressed", String(tab.dataset.state === state));
    tab.querySelector(".count").textContent = counts[tab.dataset.state] ?? "";
  }
  at("list").replaceChildren(...listed.map(row));
  at("none").hidden = listed.length > 0;
  at("none").textContent = say(state === "open" ? "none-open" : "none-other");
  at("more").hidden = listed.length === 0 || listed.length >= (counts[state] ?? 0);
}

function row(brief) {
  const node = document.createElement("li");
  const choice = document.createElement("button");
  choice.type = "button";
  if (brief.id === review?.id) choice.setAttribute("aria-current", "true");
  const kinds = [...new Set(brief.doubts.map((doubt) => doubt.kind))].map((kind) => say(`kind-${kind}`));
  const holder = brief.claim && brief.id !== review?.id ? [say("held-by", brief.claim.by.name)] : [];
  choice.append(
    told("strong", brief.title || say("no-title")),
    told("span", brief.text),
    told("em", [...kinds, ...holder].join(" · ")),
    told("small", moment(brief.decided ?? brief.created)),
  );
  choice.addEventListener("click", () => mayLeave() && doing(() => open(brief.id)));
  node.append(choice);
  return node;
}

function told(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  node.dir = "auto";
  return node;
}

function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString(locale(), { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
}

// --- one review ---

async function open(id) {
  leave();
  review = await find(id);
  standing = review.state;
  if (review.state === "open") {
    try {
      review = await claim(id);
    } catch (error) {
      if (![403, 409].includes(error.kind)) throw error;
      review = await find(id); // who has it, or what they decided
      standing = error.kind === 403 ? "watched" : review.state === "open" ? "held" : review.state;
    }
  }
  history.replaceState(null, "", `#${id}`);
  document.body.classList.add("reading");
  draw();
  drawQueue();
  scrollTo(0, 0);
  at("judging").scrollTop = 0;
  at("judging").focus({ preventScroll: true });
}

function close() {
  leave();
  review = summary = shown = null;
  history.replaceState(null, "", location.pathname);
  document.body.classList.remove("reading");
  draw();
}

function draw() {
  at("review").hidden = review === null;
  at("to-queue").hidden = review === null;
  pointing.hideEvidence();
  cancel();
  if (review === null) return;
  const beside = patchwork(review);
  const { language } = review.summary;
  at("source-label").textContent = say(beside.whole ? "document" : "passages");
  at("title").textContent = review.title || say("no-title");
  at("about").textContent = beside.whole ? languageName(language) : say(beside.text ? "passages-only" : "nothing-kept");
  shown = show(at("pages"), { text: beside.text, sections: [], title: review.title, language });
  // What was doubted when it was put into the queue is doubted here, too.
  const doubted = new Set(review.doubts.filter((doubt) => doubt.kind === "support").map((doubt) => doubt.said));
  const sentences = beside.sentences.map((one) => (doubted.has(one.text) ? { ...one, supported: false } : one));
  summary = { ...review.summary, sentences };
  lay(at("summary"), summary);
  shown.mark(sentences);
  drawDoubts(doubts(summary));
  drawStanding();
  at("past").open = false;
  at("trail").replaceChildren(); // not what was done with the last one
  at("past").hidden = standing === "watched";
}

function drawDoubts(found) {
  at("doubts").hidden = !found.length;
  at("doubts").querySelector("ul").replaceChildren(...found);
}

function drawStanding() {
  const who = standing === "held" ? review.claim?.by.name : review.reviewer;
  at("standing").textContent = say(`is-${standing}`, who ?? "", review.decided ? moment(review.decided) : "");
  at("standing").className = ["open", "approved", "edited"].includes(standing) ? "" : "bad";
  const why = review.doubts.filter((doubt) => doubt.kind !== "support").map((doubt) => told("li", reasonOf(doubt)));
  for (const node of why) node.className = "bad";
  if (review.reason) why.push(told("li", say("because", review.reason)));
  at("why").hidden = !why.length;
  at("why").replaceChildren(...why);
  at("final-part").hidden = review.state !== "edited";
  at("final").textContent = review.state === "edited" ? review.text : "";
  at("final").lang = review.summary.language;
  at("summary-label").textContent = say(review.state === "edited" ? "as-written" : "summary");
  for (const action of ["approve", "edit", "reject"]) button(action).hidden = standing !== "open";
  button("reopen").hidden = review.state === "open";
}

function reasonOf(doubt) {
  if (doubt.kind === "instructions") return say("orders", doubt.said);
  return doubt.said ? say("complaint-said", doubt.said) : say("complaint");
}

async function drawTrail() {
  const entries = await trail(review.id);
  at("trail").replaceChildren(
    ...entries.map((entry) => {
      const node = told("li", `${moment(entry.at)} · ${say(`trail-${entry.action}`)} · ${entry.who.name}`);
      if (entry.details.after) {
        node.append(told("del", entry.details.before), told("ins", entry.details.after));
      }
      return node;
    }),
  );
}

// --- decisions ---

// Approve, or open what edit and reject need first. Not while another is about to come: it was not meant.
function begin(action) {
  if (busy || !review || button(action).hidden || writing()) return;
  if (action === "approve") decide("approve");
  if (action === "reopen") decide("reopen");
  if (action === "edit") form("editing", "text", review.text);
  if (action === "reject") form("rejecting", "reason", "");
}

function form(which, field, value) {
  cancel();
  at("actions").hidden = true;
  at("summary").hidden = which === "editing";
  at(which).hidden = false;
  at("check").hidden = review.document === null;
  at("checked").textContent = "";
  at(field).value = value;
  at(field).lang = review.summary.language;
  at(field).focus();
}

function writing() {
  return !at("editing").hidden || !at("rejecting").hidden;
}

// Whether nothing is lost by leaving the review, or the person says so.
function mayLeave() {
  const edited = !at("editing").hidden && at("text").value !== review?.text;
  return !edited || confirm(say("discard"));
}

function cancel() {
  if (!at("editing").hidden && summary) drawDoubts(doubts(summary));
  at("editing").hidden = at("rejecting").hidden = true;
  at("actions").hidden = at("summary").hidden = false;
}

function decide(action, more) {
  doing(async () => {
    const decided = await act(review.id, action, more);
    done();
    last = action === "reopen" ? null : decided.id;
    announce(`did-${action}`);
    if (action === "reopen") {
      await load("open");
      return open(decided.id);
    }
    const place = listed.findIndex((brief) => brief.id === decided.id);
    review = null;
    await load();
    const next = state === "open" ? listed.slice(Math.max(0, place)).concat(listed).find((brief) => !brief.claim) : null;
    return next ? open(next.id) : close();
  });
}

function undo() {
  if (busy || last === null || writing()) return;
  const id = last;
  last = null;
  doing(async () => {
    await act(id, "reopen");
    await load("open");
    await open(id);
    announce("did-reopen");
  });
}

function announce(what) {
  at("said").hidden = false;
  at("said").firstElementChild.textContent = say(what);
  at("undo").hidden = last === null;
}

async function checkEdit() {
  const verdict = await check(review, at("text").value);
  const found = doubts(verdict);
  drawDoubts(found);
  at("checked").textContent = found.length ? "" : say("check-good");
}

// From one review to the next in the list, or back.
function step(by) {
  const place = listed.findIndex((brief) => brief.id === review?.id);
  const next = listed[place < 0 ? 0 : place + by];
  if (next && !busy && !writing()) doing(() => open(next.id));
}

// --- what can go wrong ---

let line = Promise.resolve();
let busy = 0; // tasks that stand in it

// One thing after the other; asks for the key where one is needed, and says what went wrong.
function doing(task) {
  busy += 1;
  line = line.then(() => run(task)).finally(() => (busy -= 1));
}

async function run(task) {
  at("trouble").hidden = true;
  try {
    await keyed(task);
  } catch (error) {
    tell(error);
  }
}

async function keyed(task) {
  if (!key.get() && !(await dialogs.askKey())) return;
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (error.kind !== 401) throw error;
      if (!(await dialogs.askKey({ wrong: true }))) return;
    }
  }
}

function tell(error) {
  const kind = error instanceof Trouble ? error.kind : "broken";
  const known = [400, 401, 403, 404, 409, 413, 422, 429, "network", "broken"].includes(kind);
  at("trouble").hidden = false;
  at("trouble-what").textContent = say(`error-${known ? kind : kind < 500 ? 400 : 500}`, error.wait || 5);
  at("trouble-more").textContent = error.detail ?? "";
  at("trouble").focus();
  if (!(error instanceof Trouble)) reportError(error); // it is ours
}

// --- buttons and keys ---

function buttons() {
  for (const tab of at("states").children) {
    tab.addEventListener("click", () => doing(() => load(tab.dataset.state)));
  }
  at("more").addEventListener("click", () => doing(() => load(state, { more: true })));
  at("to-queue").addEventListener("click", () => {
    if (!mayLeave()) return;
    doing(() => {
      close();
      return load();
    });
  });
  at("actions").addEventListener("click", (event) => begin(event.target.closest("button")?.dataset.action));
  at("undo").addEventListener("click", undo);
  at("check").addEventListener("click", () => doing(checkEdit));
  at("editing").addEventListener("submit", (event) => {
    event.preventDefault();
    decide("edit", { text: at("text").value });
  });
  at("rejecting").addEventListener("submit", (event) => {
    event.preventDefault();
    decide("reject", { reason: at("reason").value });
  });
  for (const node of document.querySelectorAll("[data-cancel]")) node.addEventListener("click", cancelled);
  at("past").addEventListener("toggle", () => at("past").open && doing(drawTrail));
  at("open-key").addEventListener("click", () => dialogs.askKey().then((given) => given && doing(() => load())));
  at("open-keys").addEventListener("click", () => dialogs.showKeys(KEYS));
  at("tongue").addEventListener("click", () => {
    if (!mayLeave()) return;
    turn();
    speakAgain();
  });
  addEventListener("pagehide", leave);
}

function cancelled() {
  cancel();
  at("judging").focus({ preventScroll: true });
}

const KEYS = [
  [["J", "K"], "keys-next"],
  [["A"], "keys-approve"],
  [["E"], "keys-edit"],
  [["R"], "keys-reject"],
  [["U"], "keys-undo"],
  [["Ctrl", "Enter"], "keys-save"],
  [["Esc"], "keys-cancel"],
  [["↑", "↓"], "keys-walk"],
];
const LETTERS = {
  a: () => begin("approve"),
  e: () => begin("edit"),
  r: () => begin("reject"),
  u: undo,
  j: () => step(1),
  k: () => step(-1),
};

function shortcuts() {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("input, textarea");
    if (event.key === "Escape") {
      if (writing()) cancelled();
      else pointing.back();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !at("editing").hidden) {
      event.preventDefault();
      at("editing").requestSubmit();
    } else if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey && LETTERS[event.key]) {
      event.preventDefault();
      LETTERS[event.key]();
    }
  });
}

function speakAgain() {
  document.title = `${say("reviews")} · Epitome`;
  at("tongue").textContent = say("other");
  at("tongue").lang = say("other") === "English" ? "en" : "zh";
  at("said").hidden = true;
  drawQueue();
  draw();
}

learn(WORDS);
speak();
dialogs.ready();
buttons();
pointing.ready(() => ({ shown, summary, language: review?.summary.language ?? "" }));
shortcuts();
speakAgain();
doing(async () => {
  await load();
  const named = location.hash.slice(1);
  if (/^[0-9a-f]{32}$/.test(named)) await open(named);
});
