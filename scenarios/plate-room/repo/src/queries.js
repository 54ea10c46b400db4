// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const PLATES = `
  select p.id, p.title, (select count(*) from crops c where c.plate_id = p.id) as crops
    from plates p where p.year = $1 order by p.id`;

export const CROPS = `
  select id, caption, state from crops where plate_id = $1 order by id`;
