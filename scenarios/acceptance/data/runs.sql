-- A year of runs of four devices; it stands nowhere else. Plain arithmetic, no clock, no chance.

create table runs (
  id         integer primary key,
  device     text not null,
  started_at timestamptz not null,
  outcome    text not null,
  archived   boolean not null default false
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 640)
insert into runs
select i, case i % 4 when 0 then 'mill' when 1 then 'press' when 2 then 'kiln' else 'lathe' end,
       case when i <= 500 then '2025-' || substr('0' || (3 + i % 10), -2) else '2026-0' || (1 + i % 2) end || '-' || substr('0' || (1 + i % 28), -2)
         || 'T' || substr('0' || (7 + i % 11), -2) || ':00:00Z',
       case when i % 13 = 0 then 'failed' else 'ok' end, i <= 500
  from n;
