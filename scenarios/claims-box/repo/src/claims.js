import { CLAIMS } from "./queries.js";
import { reference } from "./reference.js";

/** The claims of a reference, however it was typed. */
export function claims(db, typed) {
  const ref = reference(typed);
  return { ref, claims: db.query(CLAIMS, [ref]) };
}
