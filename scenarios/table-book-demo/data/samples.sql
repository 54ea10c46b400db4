-- The demonstration: the seed's three bookings of November, and two deposits to look at.

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

insert into bookings (id, guest, seats, day, hour) values
  ('s-1', 'Sample One', 2, '2026-04-02', 18),
  ('s-2', 'Sample Two', 4, '2026-04-02', 19),
  ('s-3', 'Sample Three', 3, '2026-04-02', 20);

insert into deposits (booking_id, cents, paid_at) values
  ('s-1', 100, '2026-01-12T16:00:00Z'),
  ('s-2', 200, '2026-01-12T16:00:00Z');
