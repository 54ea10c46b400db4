import { BOOKINGS } from "./queries.js";

/** The bookings of an account. */
export function bookings(db, account) {
  return { account, bookings: db.query(BOOKINGS, [account]) };
}

/** The balance of an account, in cents. */
export function balance(db, account) {
  const rows = db.query(BOOKINGS, [account]);
  return { account, cents: rows.reduce((sum, row) => sum + row.cents, 0) };
}
