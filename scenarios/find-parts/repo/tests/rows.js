import { NOTES, PARTS, PING } from "../src/queries.js";

/** A stand-in for the index that answers the service's own questions from lists of rows. */
export function database({ parts = [], notes = [] }) {
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [PARTS, () => parts],
    [NOTES, () => notes],
  ]);
  return {
    query(sql, parameters) {
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
}
