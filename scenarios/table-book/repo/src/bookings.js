import { BOOKINGS } from "./queries.js";

/** The bookings of a day, by the hour. */
export function bookings(db, day) {
  const shown = ({ id, guest, seats, hour }) => ({ id, guest, seats: Number(seats), hour: Number(hour) });
  return { day, bookings: db.query(BOOKINGS, [day]).map(shown) };
}
