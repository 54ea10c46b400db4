// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const EVENTS = `
  select e.id, t.title from events e join titles t on t.event_id = e.id
   where e.venue = $1 and t.lang = $2 order by e.id`;
