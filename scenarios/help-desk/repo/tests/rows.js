import { ARTICLE, ATTACHMENTS, PING, PUBLISHED } from "../src/queries.js";

/** A stand-in for the database that answers the service's own queries from lists of rows. */
export function database({ articles = [], attachments = [] }) {
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [PUBLISHED, () => articles],
    [ARTICLE, ([id]) => articles.filter((a) => a.id === id)],
    [ATTACHMENTS, ([ticket]) => attachments.filter((a) => a.ticket === ticket)],
  ]);
  return {
    query(sql, parameters) {
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
}
