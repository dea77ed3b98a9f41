// How instants and lengths of time are said. Live streams have the time of the reader's own clock,
// recordings count from their start.

/**
 * Names an instant.
 *
 * @param time milliseconds
 * @param start where a recording begins, milliseconds; null for a live stream
 * @param dated whether the day has to be told too
 */
export function nameTime(time, start, dated = false) {
  if (start === null) {
    return new Date(time).toLocaleString(undefined, {
      timeStyle: "medium",
      ...(dated ? { dateStyle: "short" } : {}),
    });
  }
  const seconds = Math.round((time - start) / 1000);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  return (hours > 0 ? hours + ":" : "") + two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60);
}

const SECOND = 1000;
const DAY = 86400 * SECOND;
const ROUND = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200]
  .map((seconds) => seconds * SECOND);

/**
 * Round instants of a range, at most so many, and how each is named: by clock without seconds where
 * they are minutes apart, by day at midnight.
 *
 * @param from first instant, milliseconds
 * @param to last instant, milliseconds
 * @param most how many at most
 * @param start where a recording begins, milliseconds; null for a live stream
 */
export function roundTimes(from, to, most, start) {
  const fewest = (to - from) / Math.max(1, most);
  const apart = ROUND.find((step) => step >= fewest) ?? DAY * Math.ceil(fewest / DAY);
  const zero = start ?? new Date(from).setHours(0, 0, 0, 0);
  const times = [];
  for (let at = zero + Math.ceil((from - zero) / apart) * apart; at <= to; at += apart) {
    times.push({ at, name: start === null ? nameRound(at, apart) : nameTime(at, start) });
  }
  return times;
}

function nameRound(at, apart) {
  const date = new Date(at);
  if (apart >= DAY || (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0)) {
    return date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  }
  return date.toLocaleTimeString(undefined, { timeStyle: apart < 60 * SECOND ? "medium" : "short" });
}

/** Whether times of a range are of different days, or of another day than today. */
export function needDate(from, to) {
  const day = (time) => new Date(time).toDateString();
  return day(from) !== day(to) || day(to) !== day(Date.now());
}

/** Where a recording begins, milliseconds; null for a live stream. */
export function startOf(stream) {
  return stream?.kind === "RECORDING" ? Date.parse(stream.start ?? "1970-01-01T00:00:00Z") : null;
}

/** Microseconds in the unit in which they are read best. */
export function timeLength(micros) {
  const seconds = micros / 1e6;
  if (seconds < 10) {
    return `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  }
  return seconds < 10000 ? `${seconds.toFixed(1)} s` : `${(seconds / 86400).toFixed(1)} days`;
}
