import { HttpError } from "./errors.js";

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;

/**
 * The window of time that a month covers, as UTC timestamps.
 * `from` belongs to the month, `to` is the beginning of the next one.
 */
export function monthWindow(month) {
  const [, year, number] = MONTH.exec(month) ?? fail(`${month} is not a month like 2025-03`);
  const from = new Date(Date.UTC(Number(year), Number(number) - 1, 1));
  const to = new Date(from);
  to.setUTCMonth(to.getUTCMonth() + 1);
  return { from: timestamp(from), to: timestamp(to) };
}

// Without fractions of a second, as the lines have them: the texts are compared, and "." sorts before "Z".
function timestamp(date) {
  return date.toISOString().replace(".000Z", "Z");
}

function fail(message) {
  throw new HttpError(400, message);
}
