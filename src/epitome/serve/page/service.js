// The service over HTTP, and its key. The key stays in this tab's storage and goes nowhere but here.

import { events } from "./events.js";
import { tab } from "./storage.js";

const LARGEST = 16 * 1024 * 1024; // bytes of a body: serve/guard.py
const KEPT = "epitome.key";

export const key = {
  get: () => tab.getItem(KEPT) ?? "",
  set: (value) => tab.setItem(KEPT, value),
  forget: () => tab.removeItem(KEPT),
};

// What went wrong: an HTTP status, or `network`, `broken`, `nothing`, …; `detail` is what the service said.
export class Trouble extends Error {
  constructor(kind, detail = "", wait = 0) {
    super(detail || String(kind));
    this.kind = kind;
    this.detail = detail;
    this.wait = wait;
  }
}

// The document of a text, an address or a file, as the service reads it.
export async function read(source, signal) {
  let body;
  if (source.file) {
    body = new FormData();
    body.append("file", source.file);
  } else {
    body = JSON.stringify(source.url ? { url: source.url } : { text: source.text });
  }
  return (await call("/v1/read", body, signal)).json();
}

// Calls `onPiece` with text as it is written; resolves to the summary.
export async function summarise(asked, onPiece, signal) {
  const answer = await call("/v1/summaries", JSON.stringify({ ...asked, stream: true }), signal);
  let summary = null;
  try {
    for await (const [name, data] of events(answer.body)) {
      if (name === "piece") onPiece(data.text);
      if (name === "summary") summary = data;
      if (name === "error") throw new Trouble(statusOf(data.error.type), data.error.message);
    }
  } catch (error) {
    if (error instanceof Trouble || error.name === "AbortError") throw error;
  }
  if (summary === null) throw new Trouble("broken");
  return summary;
}

export async function rate(opinion) {
  await call("/v1/feedback", JSON.stringify(opinion));
}

// The names of the adapters to choose from; none where they cannot be had.
export async function adapters() {
  try {
    return (await (await call("/v1/models")).json()).adapters ?? [];
  } catch {
    return [];
  }
}

export async function call(path, body, signal) {
  const size = body instanceof FormData ? body.get("file").size : new Blob([body ?? ""]).size;
  if (size > LARGEST) throw new Trouble(413); // said here, for a server that refuses may just hang up
  const headers = { Authorization: `Bearer ${key.get()}` };
  if (typeof body === "string") headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method: body ? "POST" : "GET", body, headers, signal });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Trouble("network");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => null);
  throw new Trouble(
    answer.status,
    told?.error?.message ?? "",
    Number(answer.headers.get("Retry-After") ?? 0),
  );
}

// An error inside a stream comes after 200; its type says what its status would have been.
function statusOf(type) {
  return { SourceError: 422, BusyError: 429, EngineError: 500 }[type] ?? 400;
}
