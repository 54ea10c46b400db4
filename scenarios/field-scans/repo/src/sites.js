import { HttpError } from "./errors.js";
import { SITE, SITES } from "./queries.js";
import { SCANS } from "./settings.js";

/** The sites of an area, with their points. */
export function sites(db, area) {
  const shown = ({ id, name, points }) => ({ site: Number(id), name, points: Number(points) });
  return { area, sites: db.query(SITES, [area]).map(shown) };
}

/** Where the scan of a site lies. */
export function scan(db, site) {
  const [row] = db.query(SITE, [Number(site)]);
  if (!row || row.points === null) throw new HttpError(404, `there is no scan of ${site}`);
  return { site: Number(row.id), path: `${SCANS}/scan-${row.id}.csv` };
}
