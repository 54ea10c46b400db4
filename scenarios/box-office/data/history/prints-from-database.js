import { UNPRINTED } from "./queries.js";

/** Tickets that are paid for and not printed yet, oldest first. */
export function prints({ db }) {
  return { orders: db.query(UNPRINTED, []) };
}
