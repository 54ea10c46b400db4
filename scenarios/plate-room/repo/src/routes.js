import { HttpError } from "./errors.js";
import { plates } from "./plates.js";
import { crops } from "./crops.js";
import { PING } from "./queries.js";

const ROUTES = {
  "/plates": ({ year }, db) => plates(db, required("year", year)),
  "/crops": ({ plate }, db) => crops(db, required("plate", plate)),
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
