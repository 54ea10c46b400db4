import { FASTEST } from "./queries.js";

/** The ten fastest laps of a track. */
export function fastest(db, track) {
  const shown = ({ id, kart, ms }) => ({ id, kart, ms: Number(ms) });
  return { track, laps: db.query(FASTEST, [track]).map(shown) };
}
