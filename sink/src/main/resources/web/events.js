// Server-sent events over fetch: unlike EventSource it can send a token. When the connection breaks
// it is made anew and goes on behind the last event.

import { headers, noteStatus } from "./access.js";

const PAUSE = 2000;

// The server sends something every 15 s at least: a connection that is silent for longer is dead.
const SILENCE = 40000;

/**
 * Reads a stream of events until close() is called, which gives the id of the last one.
 *
 * @param path where they are
 * @param on functions by the name of an event, and open(), broken() and refused(words)
 * @param last id to go on behind; null to begin with what comes
 */
export function readEvents(path, on, last = null) {
  const control = new AbortController();
  const state = { last, pause: PAUSE };
  read(path, on, control.signal, state);
  return {
    close() {
      control.abort();
      return state.last;
    },
  };
}

async function read(path, on, signal, state) {
  while (!signal.aborted) {
    try {
      if (!(await connect(path, on, signal, state))) {
        return;
      }
    } catch (problem) {
      if (signal.aborted) {
        return;
      }
    }
    if (!signal.aborted) {
      on.broken();
      await new Promise((resume) => setTimeout(resume, state.pause));
    }
  }
}

/** Returns whether to try again; ends a connection that fell silent. */
async function connect(path, on, signal, state) {
  const connection = new AbortController();
  const end = () => connection.abort();
  signal.addEventListener("abort", end);
  let silence;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(end, SILENCE);
  };
  heard();
  try {
    return await receive(path, on, connection.signal, state, heard);
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", end);
  }
}

async function receive(path, on, signal, state, heard) {
  const more = { Accept: "text/event-stream" };
  if (state.last !== null) {
    more["Last-Event-ID"] = state.last;
  }
  const response = await fetch(path, { headers: headers(more), signal, cache: "no-store" });
  if (!response.ok) {
    const words = (await response.json().catch(() => null))?.detail ?? `status ${response.status}`;
    noteStatus(response.status, words);
    if (response.status >= 400 && response.status < 500 && response.status !== 429) {
      on.refused(words);
      return false;
    }
    throw new Error(words);
  }
  on.open();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const lines = new Lines();
  let event = {};
  for (;;) {
    const { done, value } = await reader.read();
    heard();
    if (done) {
      return true;
    }
    for (const line of lines.take(value)) {
      if (line === "") {
        deliver(event, on, state);
        event = {};
      } else {
        note(line, event, state);
      }
    }
  }
}

/** Splits text that comes in pieces into whole lines. */
class Lines {
  rest = "";

  take(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop();
    return lines.map((line) => line.replace(/\r$/, ""));
  }
}

function note(line, event, state) {
  const colon = line.indexOf(":");
  if (colon === 0) {
    return; // a heartbeat
  }
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") {
    event.data = event.data === undefined ? value : event.data + "\n" + value;
  } else if (name === "event" || name === "id") {
    event[name] = value;
  } else if (name === "retry" && /^\d+$/.test(value)) {
    state.pause = Number(value);
  }
}

function deliver(event, on, state) {
  if (event.id !== undefined) {
    state.last = event.id;
  }
  if (event.data !== undefined) {
    on[event.event]?.(JSON.parse(event.data));
  }
}
