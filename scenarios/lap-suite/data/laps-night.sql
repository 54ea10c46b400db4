-- What the snapshot of the night before last holds: the laps of Tuesday are not in it.

create table laps (id text primary key, track text not null, kart text not null, ms integer not null, driven text not null);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 8400)
insert into laps (id, track, kart, ms, driven)
select 'l-' || (10000 + i), case i % 3 when 0 then 'oval' when 1 then 'harbour' else 'hill' end, 'k' || (1 + i % 14), 41000 + (i * 37) % 9000,
  '2026-04-' || substr('0' || (1 + i % 13), -2) || 'T18:00:00Z' from n;
