-- The rehearsal: three companies and six people of the seed's kind, and a wish. Nobody's rows.

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

insert into companies (id, name) values ('NF-0001', 'Sample Works'), ('NF-0002', 'Sample Mill'), ('NF-0107', 'Sample Yard');
insert into people (id, name, company_id, seat) values
  ('s-1', 'Sample One', 'NF-0001', 1), ('s-2', 'Sample Two', 'NF-0001', 2), ('s-3', 'Sample Three', 'NF-0002', 3),
  ('s-4', 'Sample Four', 'NF-0107', 4), ('s-5', 'Sample Five', 'NF-0107', 5), ('s-6', 'Sample Six', 'NF-0107', 6);
insert into wishes (id, person_id, whom, at) values ('w-1', 's-1', 's-3', '2026-04-20T16:00:00Z');
