import { OPEN, RUNS } from "./queries.js";

/** The runs of a device, newest first. */
export function runs(db, device) {
  return { device, runs: db.query(RUNS, [device]).map(({ id, outcome, archived }) => ({ id, outcome, archived })) };
}

/** Devices with runs that are not archived, and how many. */
export function open(db) {
  const rows = db.query(OPEN, []);
  return { open: rows.map(({ device, runs }) => ({ device, runs: Number(runs) })) };
}
