import { HttpError } from "./errors.js";
import { PING, TARIFFS } from "./queries.js";
import { quote } from "./quote.js";

const ROUTES = {
  "/tariffs": (_query, db) => ({ tariffs: db.query(TARIFFS, []) }),
  "/quote": ({ tariff, kwh }, db) => quote(db, required("tariff", tariff), number("kwh", kwh)),
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

function number(name, value) {
  const found = Number(required(name, value));
  if (!(found >= 0)) throw new HttpError(400, `the parameter ${name} is no number`);
  return found;
}
