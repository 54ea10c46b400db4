import { NOTES } from "./queries.js";

/** What the workshop has noted on parts of a kind. */
export function notes(db, kind) {
  return { kind, notes: db.query(NOTES, [kind]).map(({ name, note }) => ({ name, note })) };
}
