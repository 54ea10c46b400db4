import { badge } from "./badge.js";
import { listBuilds, listRepositories } from "./builds.js";
import { HttpError } from "./errors.js";
import { PING } from "./queries.js";

const ROUTES = {
  "/badge": ({ repository, branch }, db) => badge(db, required({ repository }), branch ?? "main"),
  "/builds": ({ repository }, db) => listBuilds(db, required({ repository })),
  "/repositories": (_query, db) => listRepositories(db),
  "/health": (_query, db) => ({ status: db.query(PING, []).length === 1 ? "ok" : "degraded" }),
};

/** The body that a path answers with. */
export function answer(path, query, db) {
  const route = ROUTES[path];
  if (!route) throw new HttpError(404, `there is nothing at ${path}`);
  return route(query, db);
}

function required(parameter) {
  const [[name, value]] = Object.entries(parameter);
  if (!value) throw new HttpError(400, `the parameter ${name} is missing`);
  return value;
}
