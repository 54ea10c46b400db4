import { HttpError } from "./errors.js";
import { events } from "./events.js";
import { prints } from "./prints.js";
import { PING } from "./queries.js";

const LANGUAGES = ["de", "en", "fr"];

const ROUTES = {
  "/events": ({ venue, lang }, stores) => events(stores, required("venue", venue), language(lang)),
  "/prints": (_query, stores) => prints(stores),
  "/health": (_query, { db }) => ({ status: db.query(PING, []).length === 1 ? "ok" : "degraded" }),
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

function language(lang = "en") {
  if (!LANGUAGES.includes(lang)) throw new HttpError(400, `there is no language ${lang}`);
  return lang;
}
