-- Sites in June 2026: 96 that were scanned, and 24 that are to be. Plain arithmetic, no clock, no chance.

create table sites (
  id     integer primary key,
  name   text not null,
  area   text not null,
  points integer
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 120)
insert into sites (id, name, area, points)
select i, 'Site ' || i, case i % 3 when 0 then 'north' when 1 then 'east' else 'west' end, case when i <= 96 then 1000 + 8 * i end from n;
