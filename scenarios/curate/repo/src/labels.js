import { LABELS } from "./queries.js";

/** The labels of an image, in alphabetical order. */
export function labels(db, image) {
  return { image, labels: db.query(LABELS, [image]).map(({ label, labelled_by }) => ({ label, by: labelled_by })) };
}
