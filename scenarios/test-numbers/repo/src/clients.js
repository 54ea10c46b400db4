import { CLIENTS, MESSAGES } from "./queries.js";

/** All clients, with how many messages each has. */
export function clients(db) {
  return { clients: db.query(CLIENTS, []).map(({ id, name, messages }) => ({ id, name, messages: Number(messages) })) };
}

/** The newest messages of a client. */
export function messages(db, client) {
  return { client: Number(client), messages: db.query(MESSAGES, [Number(client)]) };
}
