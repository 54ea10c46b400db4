// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const PUBLISHED = "select id, title, body from articles where published = 1 order by id";

export const ARTICLE = "select id, title, body from articles where published = 1 and id = $1";

export const ATTACHMENTS = "select key from attachments where ticket = $1 order by key";
