import { WISHES } from "./queries.js";

/** Whom somebody wishes to meet. */
export function wishes(db, person) {
  return { person, wishes: db.query(WISHES, [person]).map(({ id, whom }) => ({ id, whom })) };
}
