import { GAUGES } from "./queries.js";
import { warning } from "./marks.js";

/** The last level of each gauge of a port. */
export function levels(db, port) {
  const shown = ({ id, level_cm, mark_cm }) => ({
    id,
    level: Number(level_cm),
    ...warning(Number(level_cm), Number(mark_cm)),
  });
  return { port, gauges: db.query(GAUGES, [port]).map(shown) };
}
