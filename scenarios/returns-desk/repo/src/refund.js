import { HttpError } from "./errors.js";
import { LINES_OF_RETURN, RETURN } from "./queries.js";

/** What is to be paid for a return, in cents. */
export function refund(db, id) {
  const [found] = db.query(RETURN, [id]);
  if (!found) throw new HttpError(404, `there is no return ${id}`);
  const lines = db.query(LINES_OF_RETURN, [id]).map((line) => ({
    article: line.article,
    returned: line.returned,
    refund: amount(line),
    whole: line.returned === line.quantity,
  }));
  const goods = lines.reduce((sum, line) => sum + line.refund, 0);
  const shipping = isWholeOrder(found, lines) ? found.shipping : 0;
  return {
    return: id,
    order: found.order_id,
    lines: lines.map(({ article, returned, refund: cents }) => ({ article, returned, refund: cents })),
    goods,
    shipping,
    total: goods + shipping,
  };
}

/** A line's price, less its share of what was taken off. */
function amount(line) {
  return line.quantity * line.price - line.discount;
}

/** Everything that was ordered has come back in this return. */
function isWholeOrder(found, lines) {
  return lines.length === found.lines_ordered && lines.every((line) => line.whole);
}
