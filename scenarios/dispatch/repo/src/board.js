import { DEPOTS, TRIPS } from "./queries.js";

/** The trips of a depot, with how late each is. */
export function board(db, depot) {
  return { depot, trips: db.query(TRIPS, [depot]).map(shown) };
}

/** The depots. */
export function depots(db) {
  return { depots: db.query(DEPOTS, []).map(({ depot }) => depot) };
}

function shown({ trip, van, due, arrived }) {
  return { trip, van, late_min: Math.abs(minutes(arrived) - minutes(due)) };
}

function minutes(time) {
  const [hours, rest] = time.split(":").map(Number);
  return hours * 60 + rest;
}
