-- The local database in October 2026: 160 plates, and 704 crops with captions, made by hand since September. It was pushed before there were
-- migrations, so that no tool has noted anything in it. Plain arithmetic, no clock, no chance.

create table plates (
  id    text primary key,
  title text not null,
  year  integer not null
);

create table crops (
  id       text primary key,
  plate_id text not null,
  caption  text not null,
  state    text not null,
  made_by  text not null,
  made_at  timestamptz not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 160)
insert into plates (id, title, year)
select 'pl-' || (200 + i), 'Field ' || i, 1908 + i % 8 from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 704)
insert into crops (id, plate_id, caption, state, made_by, made_at)
select 'cr-' || (1000 + i), 'pl-' || (201 + i % 160), 'object ' || i || ', edge at ' || (i * 13 % 360), case when i % 8 = 0 then 'rejected' else 'kept' end,
       case i % 3 when 0 then 'noor' else 'iva' end, '2026-' || case when i % 2 = 0 then '09' else '10' end || '-' || substr('0' || (1 + i % 12), -2) || 'T14:00:00Z' from n;
