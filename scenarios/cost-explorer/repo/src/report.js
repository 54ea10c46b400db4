import { findAccount } from "./accounts.js";
import { money } from "./money.js";
import { monthWindow } from "./period.js";
import { LINES_BY_SERVICE } from "./queries.js";

/** What an account used in a month, in all and per service. */
export function monthlyReport(db, accountId, month) {
  const account = findAccount(db, accountId);
  const { from, to } = monthWindow(month, account.utc_offset);
  const groups = db.query(LINES_BY_SERVICE, [account.id, from, to]);
  return {
    account: account.id,
    name: account.name,
    currency: account.currency,
    month,
    lines: sum(groups, (group) => group.lines),
    ...amounts(groups),
    services: byService(groups).map(([service, own]) => ({ service, ...amounts(own) })),
  };
}

function amounts(groups) {
  const of = (kind) => money(sum(groups.filter((group) => group.kind === kind), (group) => group.micros));
  return {
    usage: of("usage"),
    credits: of("credit"),
    tax: of("tax"),
    total: money(sum(groups, (group) => group.micros)),
  };
}

function byService(groups) {
  const services = new Map();
  for (const group of groups) {
    services.set(group.service, [...(services.get(group.service) ?? []), group]);
  }
  return [...services];
}

function sum(groups, value) {
  return groups.reduce((total, group) => total + Number(value(group)), 0);
}
