-- The content of a development database: the seed of db/reset.sql, as it was before the last migration, and four
-- more samples that Leo has tried.

create table images (
  id   text primary key,
  file text not null unique
);

create table labels (
  image_id    text not null references images (id),
  label       text not null,
  labelled_by text not null,
  labelled_at timestamptz not null,
  primary key (image_id, label)
);

insert into images (id, file) values
  ('seed-1', 'sample-1.jpg'),
  ('seed-2', 'sample-2.jpg'),
  ('seed-3', 'sample-3.jpg'),
  ('seed-4', 'sample-4.jpg'),
  ('seed-5', 'sample-5.jpg'),
  ('seed-6', 'sample-6.jpg'),
  ('seed-7', 'sample-7.jpg'),
  ('seed-8', 'sample-8.jpg');

insert into labels (image_id, label, labelled_by, labelled_at) values
  ('seed-1', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-2', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-3', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-4', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-5', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-6', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-7', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-8', 'sample', 'seed', '2025-05-05T10:00:00Z');

insert into images (id, file) values
  ('try-1', 'try-1.jpg'),
  ('try-2', 'try-2.jpg'),
  ('try-3', 'try-3.jpg'),
  ('try-4', 'try-4.jpg');

insert into labels (image_id, label, labelled_by, labelled_at) values
  ('try-1', 'try', 'seed', '2025-05-06T10:00:00Z'),
  ('try-2', 'try', 'seed', '2025-05-06T10:00:00Z'),
  ('try-3', 'try', 'seed', '2025-05-06T10:00:00Z'),
  ('try-4', 'try', 'seed', '2025-05-06T10:00:00Z');
