-- The dock in June 2026: 832 receipts since February, and 64 counts of the shelves, typed in by hand. The seventh migration has broken off,
-- and the tool has marked that. Plain arithmetic, no clock, no chance.

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

with recursive n (i) as (select 1 union all select i + 1 from n where i < 832)
insert into receipts (id, supplier, article, pieces, day, details)
select 'gr-' || (4000 + i), case i % 3 when 0 then 'Aker' when 1 then 'Brekke' else 'Sunde' end, 'A-' || (1 + i % 40), 4 + i % 20,
       '2026-0' || (2 + i % 5) || '-' || substr('0' || (1 + i % 9), -2),
       '{"lot": "L-' || (700 + i) || '", "state": "' || case when i % 16 = 0 then 'damaged' else 'fine' end || '"}' from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 64)
insert into counts (id, article, pieces, counted_at, person)
select 'ct-' || i, 'A-' || (1 + i % 40), 100 + i, '2026-05-' || substr('0' || (1 + i % 28), -2) || 'T17:00:00Z', case i % 2 when 0 then 'Siv' else 'Tor' end from n;

alter table receipts alter column details set not null;

create table schema_migrations (version bigint not null primary key, dirty boolean not null);
insert into schema_migrations (version, dirty) values (7, true);
