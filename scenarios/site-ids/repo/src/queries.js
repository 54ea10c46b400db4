// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const OF_SITE = "select id, kind, name from entities where parent = $1 or id = $1 order by id";

export const PAGES = "select count(*) as pages from pages where owner = $1";
