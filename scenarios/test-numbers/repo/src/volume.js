import { OF_DAY } from "./queries.js";

/** How many messages went out for a client on a day, and how many arrived. */
export function volume(db, client, day) {
  const rows = db.query(OF_DAY, [Number(client), day]);
  const messages = rows.reduce((sum, row) => sum + row.attempts, 0);
  return { client: Number(client), day, messages, arrived: rows.filter((row) => row.state === "arrived").length };
}
