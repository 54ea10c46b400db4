import { HttpError } from "./errors.js";
import { PING } from "./queries.js";
import { accounts, statement } from "./statement.js";

const ROUTES = {
  "/statement": ({ account, month }, db) => statement(db, required("account", account), required("month", month)),
  "/accounts": ({ holder }, db) => accounts(db, required("holder", holder)),
  "/health": (_query, db) => ({ status: db.query(PING, []).length === 1 ? "ok" : "degraded" }),
};

/** The body that a path answers with. */
export function answer(path, query, db) {
  const route = ROUTES[path];
  if (!route) throw new HttpError(404, `there is nothing at ${path}`);
  return route(query, db);
}

function required(name, value) {
  if (!value) throw new HttpError(400, `the parameter ${name} is missing`);
  return value;
}
