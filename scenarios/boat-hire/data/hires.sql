-- Boats of eight quays, and who hired them. Plain arithmetic, no clock, no chance.

create table boats (id text primary key, quay text not null, name text not null);
create table hires (id integer primary key, quay text not null, boat text not null, from_day text not null, to_day text not null, guest text not null);

insert into boats
select q || '-' || n, case q when 'n' then 'north' when 's' then 'south' when 'e' then 'east' else 'west' end, 'Boat ' || upper(q) || n
from (select 'n' as q union all select 's' union all select 'e' union all select 'w') quays,
  (select 1 as n union all select 2 union all select 3 union all select 4 union all select 5 union all select 6) numbers;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 9600)
insert into hires
select i, case i % 4 when 0 then 'north' when 1 then 'south' when 2 then 'east' else 'west' end,
  case i % 4 when 0 then 'n' when 1 then 's' when 2 then 'e' else 'w' end || '-' || (1 + (i / 4) % 5),
  case when i % 9 = 0 then '2026-04-2' || (i % 5) else '2025-0' || (1 + i % 9) || '-1' || (i % 7) end,
  case when i % 9 = 0 then '2026-04-2' || (5 + i % 5) else '2025-0' || (1 + i % 9) || '-2' || (i % 7) end,
  'guest ' || (700000 + (i * 7919) % 99991)
from n;
