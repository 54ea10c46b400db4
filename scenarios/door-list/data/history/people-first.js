import { PEOPLE } from "./queries.js";

/** The people of a company, by their names. */
export function people(db, company) {
  const shown = ({ id, name, seat }) => ({ id, name, seat: Number(seat) });
  return { company, people: db.query(PEOPLE, [company]).map(shown) };
}
