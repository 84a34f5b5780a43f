// Reviews over HTTP: the queue, claims that last while somebody looks, decisions.

import { call, key } from "./service.js";

const RENEW = 5 * 60 * 1000; // a claim lasts a quarter of an hour: desk/reviews.py

export async function list(state, past) {
  const asked = new URLSearchParams(past ? { state, past } : { state });
  return (await call(`/v1/reviews?${asked}`)).json();
}

export async function find(id) {
  return (await call(`/v1/reviews/${id}`)).json();
}

export async function trail(id) {
  return (await (await call(`/v1/reviews/${id}/trail`)).json()).trail;
}

export async function act(id, action, more = {}) {
  return (await call(`/v1/reviews/${id}`, JSON.stringify({ action, ...more }))).json();
}

// Whether a text is true to the review's document, as /v1/checks says.
export async function check(review, summary) {
  const { title, document } = review;
  return (await call("/v1/checks", JSON.stringify({ summary, title, text: document }))).json();
}

let held = null; // the id that this tab has claimed
let renewing = 0;

// Claims a review, and keeps it claimed until `leave`. Resolves to the review.
export async function claim(id) {
  const review = await act(id, "claim");
  held = id;
  clearInterval(renewing);
  renewing = setInterval(() => act(id, "claim").catch(() => {}), RENEW);
  return review;
}

// It is decided: there is nothing to give back.
export function done() {
  held = null;
  clearInterval(renewing);
}

// Gives back what is claimed, also where the page is being closed.
export function leave() {
  if (held === null) return;
  const headers = { Authorization: `Bearer ${key.get()}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ action: "release" });
  fetch(`/v1/reviews/${held}`, { method: "POST", body, headers, keepalive: true }).catch(() => {});
  done();
}
