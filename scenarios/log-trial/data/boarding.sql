-- Sailings of a week, and who has boarded. Plain arithmetic, no clock, no chance.

create table sailings (
  id      integer primary key,
  day     date not null,
  ship    text not null,
  departs text not null
);

create table boardings (
  sailing   integer not null references sailings (id),
  passenger integer not null,
  primary key (sailing, passenger)
);

with recursive n (i) as (select 0 union all select i + 1 from n where i < 27)
insert into sailings
  select i + 1, case i / 4 when 0 then '2026-08-31' else '2026-09-0' || (i / 4) end, case i % 2 when 0 then 'Skarven' else 'Tejsten' end,
         case i % 4 when 0 then '06:05' when 1 then '10:40' when 2 then '15:25' else '19:50' end
    from n;

-- All that have sailed until the evening of Wednesday.
with recursive p (i) as (select 1 union all select i + 1 from p where i < 90)
insert into boardings select s.id, s.id * 1000 + p.i from sailings s, p where s.id <= 12;

-- The 06:05 of Thursday has sailed.
with recursive p (i) as (select 1 union all select i + 1 from p where i < 74)
insert into boardings select 13, 13000 + i from p;
