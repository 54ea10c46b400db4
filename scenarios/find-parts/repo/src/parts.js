import { PARTS } from "./queries.js";

/** Parts of a kind, by price. */
export function parts(db, kind) {
  const shown = ({ name, price, stock }) => ({ name, price: Number(price), stock: Number(stock) });
  return { kind, parts: db.query(PARTS, [kind]).map(shown) };
}
