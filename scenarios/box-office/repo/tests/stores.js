import { EVENTS, PING } from "../src/queries.js";

/** Stand-ins for the database and the cache. */
export function stores({ titles = [], queue = [] }) {
  const kept = new Map();
  let asked = 0;
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [EVENTS, ([venue, lang]) => titles.filter((t) => t.venue === venue && t.lang === lang)],
  ]);
  const db = {
    query(sql, parameters) {
      asked += 1;
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
  const cache = {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => kept.set(key, value),
    select: () => ({ lrange: () => queue }),
  };
  return { db, cache, asked: () => asked };
}
