import { ORDERS } from "./queries.js";

/** The orders of a day. */
export function orders(db, day) {
  const rows = db.query(ORDERS, [`${day}T00:00:00Z`, `${day}T23:59:59Z`]);
  return { day, orders: rows.map(({ id, sku, pieces }) => ({ id, sku, pieces })) };
}
