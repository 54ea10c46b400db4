import { shown } from "./delay.js";
import { runs } from "./lines.js";
import { platform } from "./platforms.js";
import { DEPARTURES } from "./queries.js";

/** The next departures of a stop. */
export function departures(db, stop) {
  const rows = db.query(DEPARTURES, [stop]).filter((row) => runs(row.line));
  return {
    stop,
    departures: rows.map((row) => ({
      line: row.line,
      towards: row.towards,
      planned: row.planned,
      delay: shown(row.delay),
      platform: platform(stop, row.platform),
    })),
  };
}
