import { ORDERS, RETURNS_OF_ORDER } from "./queries.js";

/** The returns of an order, first one first. */
export function listReturns(db, order) {
  return { order, returns: db.query(RETURNS_OF_ORDER, [order]).map(({ id, booked_at }) => ({ id, booked_at })) };
}

/** Orders that something came back from. */
export function listOrders(db) {
  return { orders: db.query(ORDERS, []).map(({ order_id }) => order_id) };
}
