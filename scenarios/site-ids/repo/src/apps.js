import { OF_SITE, PAGES } from "./queries.js";

/** The apps of a site. */
export function apps(db, site) {
  const rows = db.query(OF_SITE, [site]);
  return { site, apps: rows.map(({ id, name }) => ({ id, name })) };
}

/** How many pages an app has. */
export function pages(db, owner) {
  const [{ pages }] = db.query(PAGES, [owner]);
  return { owner, pages: Number(pages) };
}
