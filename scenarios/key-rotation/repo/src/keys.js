import { KEYS } from "./queries.js";

/** All keys, with when each was last used. */
export function keys(db) {
  return { keys: db.query(KEYS, []).map(({ id, made_on, last_used }) => ({ id, made: made_on, used: shown(last_used) })) };
}

/** To the minute. */
function shown(moment) {
  return moment.slice(0, 16);
}
