import { PUBLISHED } from "./queries.js";

/** Published articles that hold all of the words, those first that have one in the title. */
export function search(db, q) {
  const words = q.split(/\s+/).filter((word) => word !== "");
  const found = db.query(PUBLISHED, []).filter((article) => words.every((word) => holds(article, word)));
  const inTitle = (article) => words.some((word) => article.title.includes(word));
  const first = found.filter(inTitle);
  const rest = found.filter((article) => !inTitle(article));
  return { q, articles: [...first, ...rest].map(({ id, title }) => ({ id, title })) };
}

function holds({ title, body }, word) {
  return title.includes(word) || body.includes(word);
}
