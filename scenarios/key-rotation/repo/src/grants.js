import { GRANTS } from "./queries.js";

/** Where a deployment may put things, each place with the key that opens it. */
export function grants(db, deployment) {
  const rows = db.query(GRANTS, [deployment]);
  return { deployment, grants: rows.map(({ place, key_id }) => ({ place, key: key_id })) };
}
