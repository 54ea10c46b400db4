-- The suite's database as the run of Sunday left it: its twelve laps, and what the tests drove.

create table laps (id text primary key, track text not null, kart text not null, ms integer not null, driven text not null);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 40)
insert into laps (id, track, kart, ms, driven) select 't-' || (100 + i), 'test', 'k1', 30000 + i, '2024-01-02T00:00:00Z' from n;
