import { HttpError } from "./errors.js";

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;
const OFFSET = /^([+-])(\d{2}):(\d{2})$/;

/**
 * The window of time that an account's month covers, as UTC timestamps.
 * `from` belongs to the month, `to` is the beginning of the next one.
 */
export function monthWindow(month, utcOffset) {
  const [, year, number] = MONTH.exec(month) ?? fail(`${month} is not a month like 2025-03`);
  const from = new Date(Date.UTC(Number(year), Number(number) - 1, 1) - offsetMs(utcOffset));
  const to = new Date(from);
  to.setUTCMonth(to.getUTCMonth() + 1);
  return { from: timestamp(from), to: timestamp(to) };
}

/** How far an offset such as `+08:00` is ahead of UTC, in milliseconds. */
export function offsetMs(utcOffset) {
  const [, sign, hours, minutes] = OFFSET.exec(utcOffset) ?? fail(`${utcOffset} is not an offset like +08:00`);
  const ahead = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === "-" ? -ahead : ahead;
}

// Without fractions of a second, as the lines have them: the texts are compared, and "." sorts before "Z".
function timestamp(date) {
  return date.toISOString().replace(".000Z", "Z");
}

function fail(message) {
  throw new HttpError(400, message);
}
