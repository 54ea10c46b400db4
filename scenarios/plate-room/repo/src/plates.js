import { PLATES } from "./queries.js";

/** The plates of a year, with how many crops each has. */
export function plates(db, year) {
  const shown = ({ id, title, crops }) => ({ id, title, crops: Number(crops) });
  return { year: Number(year), plates: db.query(PLATES, [Number(year)]).map(shown) };
}
