-- Something to see in an empty database.

insert into plates (id, title, year) values
  ('s-1', 'Sample field', 1911),
  ('s-2', 'Sample cluster', 1911),
  ('s-3', 'Sample comet', 1912);

insert into crops (id, plate_id, caption, state, made_by, made_at) values
  ('s-c1', 's-1', 'a sample', 'kept', 'seed', '2026-03-02T10:00:00Z'),
  ('s-c2', 's-1', 'another sample', 'rejected', 'seed', '2026-03-02T10:00:00Z');
