import { IMAGES } from "./queries.js";

/** All images, with how many labels each has. */
export function images(db) {
  return { images: db.query(IMAGES, []).map(({ id, file, labels }) => ({ id, file, labels: Number(labels) })) };
}
