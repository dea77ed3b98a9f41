// What standing rules found in any stream: one entry for each find, which changes when it is over.
// The list begins with what was found before the page was opened, a page at a time; what comes
// stands on top.

import { get } from "./api.js";
import { readEvents } from "./events.js";
import { element } from "./page.js";
import { nameTime, needDate, startOf } from "./times.js";

const PAGE = 20;
// Entries beyond those that a person asked for.
const MOST = 50;
// The newest page is read once more a little later: what was just found may not have been in it.
const LOOKS = 2;
// What is shown before and after an alert, milliseconds.
const AROUND = 30000;

/**
 * Keeps a list of alerts.
 *
 * @param box what is shown once there are any
 * @param list where they go
 * @param older the button for earlier ones
 * @param streamOf finds a stream by its id
 * @param choose called with a stream's id and a range when an alert is chosen
 */
export class Alerts {
  items = new Map();
  events = null;
  looked = 0;
  next = null; // the cursor of earlier ones; empty for the first page, null where there are none
  most = MOST;
  reader = 0; // grows when someone else looks

  constructor(box, list, older, streamOf, choose) {
    Object.assign(this, { box, list, older, streamOf, choose });
  }

  open() {
    this.events ??= readEvents(
      "/api/v1/events?events=alert",
      {
        alert: (alert) => this.take(alert),
        open() {},
        broken() {},
        gap: () => (this.looked = 0),
        refused: () => (this.events = null),
      },
      this.last);
  }

  /** Ends the connection; opened again it goes on where it was. */
  close() {
    this.last = this.events?.close() ?? this.last;
    this.events = null;
  }

  /** Someone else looks now. */
  clear() {
    this.close();
    this.reader++;
    this.last = null;
    this.looked = 0;
    this.next = null;
    this.most = MOST;
    this.items.clear();
    this.list.replaceChildren();
    this.box.hidden = true;
  }

  /** Reads the newest earlier ones, where that is due. */
  async lookBack() {
    if (this.looked >= LOOKS || this.events === null) {
      return;
    }
    const page = await this.read("");
    if (page !== null) {
      if (this.looked++ === 0) {
        this.next = page.next;
      }
      this.add(page.alerts);
    }
  }

  /** Reads on until there is something new to show, or nothing left. */
  async more() {
    this.older.disabled = true;
    try {
      let added = 0;
      while (added === 0 && this.next !== null) {
        const page = await this.read(this.next);
        if (page === null) {
          return;
        }
        this.next = page.next;
        this.most += page.alerts.length;
        added = this.add(page.alerts);
      }
    } finally {
      this.older.disabled = false;
    }
  }

  /** One page; null when it was asked for somebody else. */
  async read(cursor) {
    const reader = this.reader;
    const query = new URLSearchParams({ limit: PAGE, ...(cursor === "" ? {} : { cursor }) });
    const page = await get("/api/v1/alerts?" + query);
    return reader === this.reader ? page : null;
  }

  /** Puts earlier ones where they belong by their start; returns how many were not there. */
  add(alerts) {
    this.list.setAttribute("aria-busy", "true"); // not read out: it is no news
    let added = 0;
    for (const alert of alerts) {
      const key = keyOf(alert);
      if (!this.items.has(key)) {
        const item = this.item(alert);
        const start = Date.parse(alert.start);
        const behind = [...this.list.children].find((it) => Number(it.dataset.start) < start);
        this.list.insertBefore(item, behind ?? null);
        this.items.set(key, item);
        added++;
      }
    }
    this.show();
    this.list.removeAttribute("aria-busy");
    return added;
  }

  /** Puts one that came just now on top. */
  take(alert) {
    const key = keyOf(alert);
    this.items.get(key)?.remove();
    const item = this.item(alert);
    this.items.set(key, item);
    this.list.prepend(item);
    while (this.items.size > this.most) {
      const gone = this.list.lastElementChild;
      gone.remove();
      this.items.delete(gone.dataset.key);
      this.next = ""; // it is among the earlier ones now
    }
    this.show();
  }

  show() {
    this.box.hidden = this.items.size === 0;
    this.older.hidden = this.next === null;
  }

  item(alert) {
    const stream = this.streamOf(alert.stream);
    const start = startOf(stream);
    const from = Date.parse(alert.start);
    const to = alert.end ? Date.parse(alert.end) : null;
    const item = element("li");
    item.dataset.key = keyOf(alert);
    item.dataset.start = from;
    const dated = start === null && needDate(from, from);
    const words =
      nameTime(from, start, dated) + (to === null ? "" : " to " + nameTime(to, start, needDate(from, to) && dated));
    const button = element(
      "button",
      `${words} ${stream?.name ?? alert.stream}: ${alert.rule} ${alert.state.toLowerCase()}` +
        (alert.message ? ": " + alert.message : ""),
      "plain alert " + alert.state);
    button.type = "button";
    button.addEventListener("click", () =>
      this.choose(alert.stream, { from: from - AROUND, to: (to ?? from) + AROUND }));
    item.append(button);
    return item;
  }
}

function keyOf(alert) {
  return JSON.stringify([alert.stream, alert.rule, alert.start]);
}
