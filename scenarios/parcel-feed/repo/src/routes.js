import { HttpError } from "./errors.js";
import { parcel, parcels } from "./parcels.js";
import { PING } from "./queries.js";

const ROUTES = {
  "/parcels": ({ page }, db) => parcels(db, number(page ?? "1")),
  "/parcel": ({ id }, db) => parcel(db, required("id", id)),
  "/health": (_query, db) => ({ status: db.query(PING, []).length === 1 ? "ok" : "degraded" }),
};

/** The body that a path answers with. */
export function answer(path, query, db) {
  const route = ROUTES[path];
  if (!route) throw new HttpError(404, `there is nothing at ${path}`);
  return route(query, db);
}

function number(page) {
  if (!/^[1-9]\d{0,5}$/.test(page)) throw new HttpError(400, `${page} is not a page`);
  return Number(page);
}

function required(name, value) {
  if (!value) throw new HttpError(400, `the parameter ${name} is missing`);
  return value;
}
