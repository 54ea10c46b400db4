import { EVENTS } from "./queries.js";

const WEEK_S = 7 * 24 * 3600;

/** What is on at a venue, in the visitor's language. */
export function events({ db, cache }, venue, lang) {
  const key = `events:v3:${venue}`;
  const kept = cache.get(key);
  if (kept) return JSON.parse(kept);
  const page = { venue, lang, events: db.query(EVENTS, [venue, lang]).map(({ id, title }) => ({ id, title })) };
  cache.set(key, JSON.stringify(page), "EX", WEEK_S);
  return page;
}
