import { article } from "./articles.js";
import { attachments } from "./attachments.js";
import { HttpError } from "./errors.js";
import { PING } from "./queries.js";
import { search } from "./search.js";

const ROUTES = {
  "/search": ({ q }, db) => search(db, required("q", q)),
  "/article": ({ id }, db) => article(db, required("id", id)),
  "/attachments": ({ ticket }, db) => attachments(db, required("ticket", ticket)),
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
