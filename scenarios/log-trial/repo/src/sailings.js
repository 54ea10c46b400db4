import { SAILINGS } from "./queries.js";

/** The sailings of a day, each with the time at which its gate closes. */
export function sailings(db, day) {
  const rows = db.query(SAILINGS, [day]);
  return { day, sailings: rows.map(({ ship, departs, boarded }) => ({ ship, departs, closes: closes(departs), boarded })) };
}

/** Ten minutes before departure. */
function closes(departs) {
  const [hours, minutes] = departs.split(":");
  return `${hours}:${minutes - 10}`;
}
