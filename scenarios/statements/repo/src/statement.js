import { HttpError } from "./errors.js";
import { ACCOUNTS, LINES } from "./queries.js";

/** The lines of an account in a month, and what they come to. */
export function statement(db, account, month) {
  if (!/^\d{4}-\d{2}$/.test(month)) throw new HttpError(400, `${month} is not a month`);
  const lines = db.query(LINES, [account, `${month}-01`, `${month}-31`]);
  const balance = lines.reduce((sum, line) => sum + Number(line.cents), 0);
  return { account, month, lines, balance };
}

/** The accounts of a holder. */
export function accounts(db, holder) {
  return { holder, accounts: db.query(ACCOUNTS, [holder]) };
}
