// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const CLIENTS = `
  select c.id, c.name, (select count(*) from messages m where m.client_id = c.id) as messages
    from clients c order by c.id`;

export const OF_DAY = "select state, attempts from messages where client_id = $1 and day = $2";

export const MESSAGES = "select id, number, day, state from messages where client_id = $1 order by day desc, id desc limit 50";
