-- The gauges of three ports, each with its last level. Plain arithmetic, no clock, no chance.

create table gauges (id text primary key, port text not null, level_cm integer not null, mark_cm integer not null);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 48)
insert into gauges (id, port, level_cm, mark_cm) select 'g-' || (100 + i), 'port' || (1 + i % 3), 420 + (i * 37) % 260, 500 + (i % 5) * 25 from n;
