// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const GRANTS = `
  select p.place, d.key_id
    from deployments d join keys k on k.id = d.key_id join places p on p.deployment = d.name
   where d.name = $1
   order by p.place`;

export const KEYS = "select id, made_on, last_used from keys order by made_on";
