import { HttpError } from "./errors.js";
import { PRICE } from "./queries.js";

/** The price of an article, in cents. */
export function price(db, sku) {
  const [article] = db.query(PRICE, [sku]);
  if (!article) throw new HttpError(404, `there is no article ${sku}`);
  return { sku: article.sku, name: article.name, cents: article.cents };
}
