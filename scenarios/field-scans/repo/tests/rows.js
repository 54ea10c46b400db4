import { PING, SITE, SITES } from "../src/queries.js";

/** A stand-in for the database that answers the service's own queries from lists of rows. */
export function database({ sites = [] }) {
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [SITES, () => sites],
    [SITE, ([id]) => sites.filter((site) => site.id === id)],
  ]);
  return {
    query(sql, parameters) {
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
}
