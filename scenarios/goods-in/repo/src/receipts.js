import { RECEIPTS } from "./queries.js";

/** What came in on a day, and how many pieces in all. */
export function receipts(db, day) {
  const rows = db.query(RECEIPTS, [day]);
  const shown = ({ id, supplier, article, pieces }) => ({ id, supplier, article, pieces: Number(pieces) });
  return { day, pieces: rows.reduce((sum, row) => sum + Number(row.pieces), 0), receipts: rows.map(shown) };
}
