import { CROPS, PING, PLATES } from "../src/queries.js";

/** A stand-in for the database that answers the service's own queries from lists of rows. */
export function database({ plates = [], crops = [] }) {
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [PLATES, () => plates],
    [CROPS, () => crops],
  ]);
  return {
    query(sql, parameters) {
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
}
