// Earlier summaries with their documents, in this browser's storage and nowhere else.

import { storage } from "./storage.js";

const KEPT = "epitome.history";
const OFF = "epitome.history.off";
const MOST = 30;

export const past = {
  get on() {
    return storage.getItem(OFF) === null;
  },
  set on(value) {
    if (value) storage.removeItem(OFF);
    else storage.setItem(OFF, "1");
  },
  all() {
    try {
      return JSON.parse(storage.getItem(KEPT)) ?? [];
    } catch {
      return [];
    }
  },
  clear: () => storage.removeItem(KEPT),
  // Puts one before the others; drops the oldest until it fits. False where even it alone does not.
  add(found, summary) {
    if (!this.on) return true;
    const entries = [{ at: Date.now(), document: found, summary }, ...this.all()].slice(0, MOST);
    for (; entries.length; entries.pop()) {
      try {
        storage.setItem(KEPT, JSON.stringify(entries));
        return true;
      } catch {
        // full: browsers give a site some five million characters
      }
    }
    return false;
  },
};
