-- The bench: one deployment, two keys. Plain arithmetic, no clock, no chance.

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
  ('k-2026-01', '2026-01-07', '2026-04-07 16:20:10+00'),
  ('k-2026-04', '2026-04-07', null);

insert into deployments values
  ('default', 'the bench', 'k-2026-01');

insert into places values ('bench/one', 'default'), ('bench/two', 'default');
