import { ACCOUNT, ACCOUNTS, LINES_BY_SERVICE, PING } from "../src/queries.js";

/** A stand-in for the database that answers the service's own queries from lists of rows. */
export function database({ accounts = [], lines = [] }) {
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [ACCOUNTS, () => [...accounts].sort((a, b) => (a.name < b.name ? -1 : 1))],
    [ACCOUNT, ([id]) => accounts.filter((account) => account.id === id)],
    [LINES_BY_SERVICE, ([id, from, to]) => grouped(lines.filter(within(id, from, to)))],
  ]);
  return {
    query(sql, parameters) {
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
}

export function line(account_id, usage_start, service, amount_micros, kind = "usage") {
  return { account_id, usage_start, service, kind, amount_micros };
}

const within = (id, from, to) => (row) => row.account_id === id && row.usage_start >= from && row.usage_start < to;

function grouped(lines) {
  const groups = new Map();
  for (const { service, kind, amount_micros } of lines) {
    const key = `${service}\n${kind}`;
    const group = groups.get(key) ?? { service, kind, micros: 0, lines: 0 };
    groups.set(key, { ...group, micros: group.micros + amount_micros, lines: group.lines + 1 });
  }
  return [...groups.keys()].sort().map((key) => groups.get(key));
}
