import { HttpError } from "./errors.js";
import { listAccounts } from "./accounts.js";
import { monthlyReport } from "./report.js";
import { PING } from "./queries.js";

const ROUTES = {
  "/report": ({ account, month }, db) => monthlyReport(db, required({ account }), required({ month })),
  "/accounts": (_query, db) => ({ accounts: listAccounts(db) }),
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
