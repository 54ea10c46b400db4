-- What staging holds: the samples.

create table boats (id text primary key, quay text not null, name text not null);
create table hires (id integer primary key, quay text not null, boat text not null, from_day text not null, to_day text not null, guest text not null);

insert into boats values
  ('n-1', 'north', 'Sample Heron'), ('n-2', 'north', 'Sample Tern'), ('s-1', 'south', 'Sample Gull');

with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
insert into hires select i, 'north', 'n-2', '2026-04-' || (10 + i % 9), '2026-04-' || (19 + i % 9), 'sample ' || i from n;
