-- The last dump that worked, of January. Plain arithmetic, no clock, no chance.

create table tickets (id integer primary key, pier text not null, kind text not null, age integer not null, way text not null, sold_at text not null);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 5120)
insert into tickets
select i, 'p' || (1 + i % 4), case when i % 7 = 0 then 'bicycle' when i % 11 = 0 then 'dog' else 'person' end, (i * 13) % 80,
  case when i % 3 = 0 then 'return' else 'single' end,
  '2026-' || case when i <= 6400 then '01-' || (10 + i / 320) when i <= 9600 then '02-0' || (1 + (i - 6400) / 356) when i <= 9880 then '02-10' else '02-11' end
    || 'T' || substr('0' || (6 + i % 17), -2) || ':' || substr('0' || (i * 7 % 60), -2) || ':00Z'
from n;
