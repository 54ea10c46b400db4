-- The book of tables in spring 2026: 496 bookings since December, and what 128 guests have paid ahead. The table of deposits was made by
-- hand in January and is not in the schema file. Plain arithmetic, no clock, no chance.

create table bookings (
  id    text primary key,
  guest text not null,
  seats integer not null,
  day   text not null,
  hour  integer not null
);

create table deposits (
  booking_id text primary key references bookings (id),
  cents      integer not null,
  paid_at    timestamptz not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 496)
insert into bookings (id, guest, seats, day, hour)
select 'bk-' || (1000 + i), 'Guest ' || i, 2 + i % 5, '2026-0' || (3 + i % 2) || '-' || substr('0' || (1 + i % 28), -2), 17 + i % 5 from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 128)
insert into deposits (booking_id, cents, paid_at)
select 'bk-' || (1000 + i), 2000 + 500 * (i % 4), '2026-03-' || substr('0' || (1 + i % 20), -2) || 'T12:00:00Z' from n;
