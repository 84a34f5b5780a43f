// What opens over the page: the key, the history, the list of shortcuts.

import { past } from "./past.js";
import { key } from "./service.js";
import { locale, say } from "./words.js";

const at = (id) => document.getElementById(id);

export function ready() {
  keyAnswers();
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  for (const dialog of document.querySelectorAll("dialog")) {
    // A click on what lies behind closes it.
    dialog.addEventListener("click", (event) => {
      const box = dialog.getBoundingClientRect();
      const inside = box.left <= event.clientX && event.clientX <= box.right && box.top <= event.clientY && event.clientY <= box.bottom;
      if (event.target === dialog && !inside) dialog.close();
    });
  }
}

// Asks for the key. Resolves to whether there is one now; a question that another one comes upon, to false.
export function askKey({ wrong = false } = {}) {
  answer(false);
  at("secret").value = wrong ? "" : key.get();
  at("key-wrong").hidden = !wrong;
  at("key-forget").hidden = !key.get();
  return new Promise((resolve) => {
    asking = resolve;
    if (!at("key").open) at("key").showModal();
    at("secret").focus();
  });
}

let asking = null; // what waits for the key

function answer(given) {
  asking?.(given);
  asking = null;
  at("secret").value = "";
}

function keyAnswers() {
  const dialog = at("key");
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const secret = at("secret").value.trim();
    if (!/^[\x21-\x7e]+$/.test(secret)) {
      at("key-wrong").hidden = false; // no key looks like this, and no header could carry it
      return;
    }
    key.set(secret);
    answer(true);
    dialog.close();
  });
  at("key-forget").addEventListener("click", () => {
    key.forget();
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    if (!dialog.open) answer(false); // told late, it may be open again
  });
}

// Shows what is kept; `onTake` gets the entry that is chosen.
export function showPast(onTake) {
  const dialog = at("past");
  at("past-on").checked = past.on;
  at("past-on").onchange = (event) => (past.on = event.target.checked);
  at("past-clear").onclick = () => {
    past.clear();
    list([], onTake);
  };
  list(past.all(), onTake);
  dialog.showModal();
}

function list(entries, onTake) {
  at("past-none").hidden = entries.length > 0;
  at("past-clear").hidden = !entries.length;
  at("past-list").replaceChildren(
    ...entries.map((entry) => {
      const row = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      const title = document.createElement("strong");
      title.textContent = entry.document.title || entry.document.source || entry.document.text.split("\n")[0].slice(0, 80);
      const when = document.createElement("small");
      when.textContent = new Date(entry.at).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short" });
      const text = document.createElement("span");
      text.textContent = entry.summary.text;
      button.append(title, when, text);
      button.addEventListener("click", () => {
        at("past").close();
        onTake(entry);
      });
      row.append(button);
      return row;
    }),
  );
}

const KEYS = [
  [["Ctrl", "Enter"], "keys-go"],
  [["Esc"], "keys-stop"],
  [["↑", "↓"], "keys-walk"],
  [["Enter"], "keys-source"],
  [["Esc"], "keys-back"],
  [["PgUp", "PgDn"], "keys-pages"],
];

// Shows which key does what; each row has the keys and the name of what they do.
export function showKeys(rows = KEYS) {
  const command = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘" : "Ctrl";
  const capOf = { Ctrl: command, Enter: say("enter-key") };
  at("keys").querySelector("dl").replaceChildren(
    ...rows.flatMap(([names, what]) => {
      const term = document.createElement("dt");
      for (const name of names) {
        const cap = document.createElement("kbd");
        cap.textContent = capOf[name] ?? name;
        term.append(cap, " ");
      }
      const means = document.createElement("dd");
      means.textContent = say(what);
      return [term, means];
    }),
  );
  at("keys").showModal();
}
