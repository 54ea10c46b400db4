// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const SAILINGS = `
  select s.id, s.ship, s.departs, count(b.passenger) as boarded
    from sailings s left join boardings b on b.sailing = s.id
   where s.day = $1
   group by s.id, s.ship, s.departs
   order by s.departs`;
