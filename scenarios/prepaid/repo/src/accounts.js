import { HttpError } from "./errors.js";
import { euros } from "./money.js";

/** What a card has left. */
export function account({ cache }, id) {
  const kept = cache.hgetall(`card:${id}`);
  if (!kept.cents) throw new HttpError(404, `there is no card ${id}`);
  return { id, balance: euros(Number(kept.cents)) };
}

/** Today's top-ups, latest first. */
export function today({ cache }) {
  const shown = ({ card, cents }) => ({ card, amount: euros(cents) });
  return { topups: cache.lrange("topups:today", 0, -1).map((entry) => shown(JSON.parse(entry))) };
}
