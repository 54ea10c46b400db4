import { fare } from "./fare.js";
import { TICKETS } from "./queries.js";

/** The last tickets of a pier, and what they cost. */
export function tickets(db, pier) {
  const shown = (row) => ({ id: Number(row.id), cents: fare({ ...row, age: Number(row.age) }) });
  const sold = db.query(TICKETS, [pier]).map(shown);
  return { pier, tickets: sold, cents: sold.reduce((sum, ticket) => sum + ticket.cents, 0) };
}
