-- 900 bookings since October 2025. Plain arithmetic, no clock, no chance.

create table bookings (
  id        integer primary key,
  account   text not null,
  booked_on date not null,
  cents     integer not null,
  state     text not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 900)
insert into bookings
select i, 'acc-' || (1 + i % 6), case when i <= 500 then '2025-1' || (i % 3) else '2026-0' || case when i <= 700 then 1 else 2 end end || '-' || substr('0' || (1 + i % 28), -2),
       100 + i * 3, case when i % 41 = 0 then 'reversed' else 'booked' end
  from n;
