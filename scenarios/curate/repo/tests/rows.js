import { IMAGES, LABELS, PING } from "../src/queries.js";

/** A stand-in for the database that answers the service's own queries from lists of rows. */
export function database({ images = [], labels = [] }) {
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [IMAGES, () => images.map((image) => ({ ...image, labels: labels.filter((l) => l.image_id === image.id).length }))],
    [LABELS, ([id]) => labels.filter((l) => l.image_id === id)],
  ]);
  return {
    query(sql, parameters) {
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
}
