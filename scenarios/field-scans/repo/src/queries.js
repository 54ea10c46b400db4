// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const SITES = `
  select id, name, points from sites where area = $1 order by id`;

export const SITE = `
  select id, points from sites where id = $1`;
