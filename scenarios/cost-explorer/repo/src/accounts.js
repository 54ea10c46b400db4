import { HttpError } from "./errors.js";
import { ACCOUNT, ACCOUNTS } from "./queries.js";

/** All accounts, by name. */
export function listAccounts(db) {
  return db.query(ACCOUNTS, []);
}

/** One account; a 404 if there is none of that id. */
export function findAccount(db, id) {
  const [account] = db.query(ACCOUNT, [id]);
  if (!account) throw new HttpError(404, `there is no account ${id}`);
  return account;
}
