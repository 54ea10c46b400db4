-- Two deployments, two keys. Production has an entry of its own since February. Plain arithmetic, no clock, no chance.

create table keys (
  id        text primary key,
  made_on   date not null,
  last_used timestamptz
);

create table deployments (
  name   text primary key,
  about  text not null,
  key_id text not null
);

create table places (
  place      text primary key,
  deployment text not null references deployments (name)
);

insert into keys values
  ('k-2026-01', '2026-01-07', '2026-04-08 08:59:41+00'),
  ('k-2026-04', '2026-04-07', null);

insert into deployments values
  ('default', 'the bench, until somebody needs more', 'k-2026-01'),
  ('production', 'all that customers upload', 'k-2026-01');

with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
insert into places select 'customers/' || (100 + i), 'production' from n;

insert into places values ('bench/one', 'default'), ('bench/two', 'default');
