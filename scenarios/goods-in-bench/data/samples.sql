-- The bench: three samples of receipts and one count, to look at.

create table receipts (
  id       text primary key,
  supplier text not null,
  article  text not null,
  pieces   integer not null,
  day      text not null
);
alter table receipts add column details text;
create index receipts_by_day on receipts (day);

create table counts (
  id         text primary key,
  article    text not null,
  pieces     integer not null,
  counted_at timestamptz not null
);
alter table counts add column person text not null default '';

insert into receipts (id, supplier, article, pieces, day, details) values
  ('s-1', 'Sample', 'A-1', 1, '2026-06-08', '{"lot": "L-1", "state": "fine"}'),
  ('s-2', 'Sample', 'A-2', 2, '2026-06-08', '{"lot": "L-2", "state": "damaged"}'),
  ('s-3', 'Sample', 'A-3', 3, '2026-06-08', '{}');
insert into counts (id, article, pieces, counted_at, person) values ('s-1', 'A-7', 10, '2026-06-09T05:15:00Z', 'Sample');

alter table receipts alter column details set not null;

create table schema_migrations (version bigint not null primary key, dirty boolean not null);
insert into schema_migrations (version, dirty) values (7, true);
