-- Something to see in an empty database.

insert into bookings (id, guest, seats, day, hour, channel) values
  ('s-1', 'Sample One', 2, '2026-04-02', 18, 'web'),
  ('s-2', 'Sample Two', 4, '2026-04-02', 19, 'phone'),
  ('s-3', 'Sample Three', 3, '2026-04-02', 20, 'desk');
