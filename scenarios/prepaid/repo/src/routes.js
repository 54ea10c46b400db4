import { HttpError } from "./errors.js";
import { account, today } from "./accounts.js";

const ROUTES = {
  "/account": ({ id }, stores) => account(stores, required("id", id)),
  "/today": (_query, stores) => today(stores),
  "/health": (_query, { cache }) => ({ status: cache.ping ? "ok" : "degraded" }),
};

/** The body that a path answers with. */
export function answer(path, query, stores) {
  const route = ROUTES[path];
  if (!route) throw new HttpError(404, `there is nothing at ${path}`);
  return route(query, stores);
}

function required(name, value) {
  if (!value) throw new HttpError(400, `the parameter ${name} is missing`);
  return value;
}
