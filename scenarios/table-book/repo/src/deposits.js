import { DEPOSITS } from "./queries.js";

/** What the guests of a day have paid ahead, in cents. */
export function deposits(db, day) {
  const shown = ({ booking_id, cents }) => ({ booking: booking_id, cents: Number(cents) });
  return { day, deposits: db.query(DEPOSITS, [day]).map(shown) };
}
