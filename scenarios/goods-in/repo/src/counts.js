import { COUNTS } from "./queries.js";

/** How often an article was counted on the shelves, and with what result. */
export function counts(db, article) {
  const shown = ({ id, pieces, person }) => ({ id, pieces: Number(pieces), person });
  return { article, counts: db.query(COUNTS, [article]).map(shown) };
}
