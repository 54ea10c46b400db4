// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const PEOPLE = `
  select id, name, seat from people where company_id = $1 order by name, id`;

export const WISHES = `
  select id, whom from wishes where person_id = $1 order by id`;
