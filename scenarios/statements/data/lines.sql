-- The content of the database: 1,260 lines of statements. Plain arithmetic, no clock, no chance.

create table lines (
  id      integer primary key,
  holder  text not null,
  account text not null,
  day     text not null,
  kind    text not null check (kind in ('fee', 'charge', 'refund')),
  cents   integer not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 1260)
insert into lines (id, holder, account, day, kind, cents)
select i,
       'h' || (1 + i % 12),
       'A' || (1 + i % 24),
       '2025-' || substr('0' || (1 + i / 12 % 12), -2) || '-' || substr('0' || (1 + i * 5 % 28), -2),
       case i % 7 when 0 then 'refund' when 1 then 'fee' else 'charge' end,
       100 + i * 37 % 900
  from n;
