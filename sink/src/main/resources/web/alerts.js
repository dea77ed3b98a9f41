// What standing rules found in any stream since the page was opened: one entry for each find, which
// changes when it is over. The newest comes first.

import { readEvents } from "./events.js";
import { nameTime, startOf } from "./times.js";

const MOST = 50;

/**
 * Keeps a list of alerts.
 *
 * @param box what is shown once there are any
 * @param list where they go
 * @param streamOf finds a stream by its id
 * @param choose called with a stream's id when an alert is chosen
 */
export class Alerts {
  items = new Map();
  events = null;

  constructor(box, list, streamOf, choose) {
    Object.assign(this, { box, list, streamOf, choose });
  }

  open() {
    this.events ??= readEvents(
      "/api/v1/events?events=alert",
      { alert: (alert) => this.take(alert), open() {}, broken() {}, refused: () => (this.events = null) },
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
    this.last = null;
    this.items.clear();
    this.list.replaceChildren();
    this.box.hidden = true;
  }

  take(alert) {
    const key = JSON.stringify([alert.stream, alert.rule, alert.start]);
    this.items.get(key)?.remove();
    const item = this.item(alert);
    this.items.delete(key);
    this.items.set(key, item);
    this.list.prepend(item);
    this.box.hidden = false;
    if (this.items.size > MOST) {
      const [oldest, gone] = this.items.entries().next().value;
      gone.remove();
      this.items.delete(oldest);
    }
  }

  item(alert) {
    const stream = this.streamOf(alert.stream);
    const start = startOf(stream);
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain alert " + alert.state;
    const from = alert.start ? nameTime(Date.parse(alert.start), start) : "";
    const to = alert.end ? " to " + nameTime(Date.parse(alert.end), start) : "";
    button.textContent =
      `${from}${to} ${stream?.name ?? alert.stream}: ${alert.rule} ${alert.state.toLowerCase()}` +
      (alert.message ? ": " + alert.message : "");
    button.addEventListener("click", () => this.choose(alert.stream));
    item.append(button);
    return item;
  }
}
