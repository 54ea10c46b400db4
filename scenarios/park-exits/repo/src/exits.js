import { EXITS } from "./queries.js";
import { fee } from "./fee.js";

/** Who left a garage today, and what it cost. */
export function exits(db, garage) {
  const shown = ({ id, minutes }) => ({ id, minutes: Number(minutes), cents: fee(Number(minutes)) });
  return { garage, exits: db.query(EXITS, [garage]).map(shown) };
}
