-- Everything from nothing: what is there goes, then the schema as after the last migration, and a few rows to look at.

DROP TABLE IF EXISTS labels;
DROP TABLE IF EXISTS images;

CREATE TABLE images (
  id      text PRIMARY KEY,
  file    text NOT NULL UNIQUE,
  licence text NOT NULL
);

CREATE TABLE labels (
  image_id    text NOT NULL REFERENCES images (id),
  label       text NOT NULL,
  labelled_by text NOT NULL,
  labelled_at timestamptz NOT NULL,
  PRIMARY KEY (image_id, label)
);

INSERT INTO images (id, file, licence) VALUES
  ('seed-1', 'sample-1.jpg', 'CC0'),
  ('seed-2', 'sample-2.jpg', 'CC0'),
  ('seed-3', 'sample-3.jpg', 'CC0'),
  ('seed-4', 'sample-4.jpg', 'CC0'),
  ('seed-5', 'sample-5.jpg', 'CC0'),
  ('seed-6', 'sample-6.jpg', 'CC0'),
  ('seed-7', 'sample-7.jpg', 'CC0'),
  ('seed-8', 'sample-8.jpg', 'CC0');

INSERT INTO labels (image_id, label, labelled_by, labelled_at) VALUES
  ('seed-1', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-2', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-3', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-4', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-5', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-6', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-7', 'sample', 'seed', '2025-05-05T10:00:00Z'),
  ('seed-8', 'sample', 'seed', '2025-05-05T10:00:00Z');
