-- Before the summit: 384 companies, 1,152 people who come, 32 who help, and 512 wishes to meet somebody. Ids of companies are written large, as the
-- company of the invitations writes them. Plain arithmetic, no clock, no chance.

create table companies (
  id   text primary key,
  name text not null
);

create table people (
  id         text primary key,
  name       text not null,
  company_id text not null references companies (id),
  seat       integer not null
);

create table wishes (
  id        text primary key,
  person_id text not null references people (id),
  whom      text not null,
  at        timestamptz not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 384)
insert into companies (id, name)
select 'NF-' || substr('000' || i, -4), 'Company ' || i from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 1152)
insert into people (id, name, company_id, seat)
select 'p-' || (1000 + i), 'Guest ' || i, 'NF-' || substr('000' || (1 + i % 384), -4), i from n;

insert into companies (id, name) values ('crew', 'The summit itself');

with recursive n (i) as (select 1 union all select i + 1 from n where i < 32)
insert into people (id, name, company_id, seat)
select 'c-' || (10 + i), 'Helper ' || i, 'crew', 2000 + i from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 512)
insert into wishes (id, person_id, whom, at)
select 'w-' || i, 'p-' || (1001 + i % 1152), 'p-' || (1001 + (i * 7) % 1152), '2026-04-' || substr('0' || (12 + i % 10), -2) || 'T18:00:00Z' from n;
