import { HttpError } from "./errors.js";
import { ARTICLE } from "./queries.js";

/** One published article. */
export function article(db, id) {
  const [found] = db.query(ARTICLE, [id]);
  if (!found) throw new HttpError(404, `there is no article ${id}`);
  return found;
}
