import { LINES_OF_RETURN, ORDERS, PING, RETURN, RETURNS_OF_ORDER } from "../src/queries.js";

/** A stand-in for the database that answers the service's own queries from one return and its lines. */
export function database({ id = "R-1", shipping = 490, ordered, lines = [] }) {
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [ORDERS, () => [{ order_id: "O-1" }]],
    [RETURNS_OF_ORDER, () => [{ id, booked_at: "2026-03-01T09:00:00Z" }]],
    [RETURN, ([wanted]) => (wanted === id ? [{ id, order_id: "O-1", shipping, lines_ordered: ordered ?? lines.length }] : [])],
    [LINES_OF_RETURN, () => lines],
  ]);
  return {
    query(sql, parameters) {
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
}

export function line(article, quantity, price, { discount = 0, returned = quantity } = {}) {
  return { article, quantity, price, discount, returned };
}
