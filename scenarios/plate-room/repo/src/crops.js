import { CROPS } from "./queries.js";

/** The crops of a plate, with their captions. */
export function crops(db, plate) {
  return { plate, crops: db.query(CROPS, [plate]).map(({ id, caption, state }) => ({ id, caption, state })) };
}
