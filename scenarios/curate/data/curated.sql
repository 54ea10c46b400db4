-- The content of the development database: the seed, and what three people have labelled since 4 August 2025: 310 images and
-- three labels each. It is nowhere else. Plain arithmetic, no clock, no chance.

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

with recursive n (i) as (select 1 union all select i + 1 from n where i < 310)
insert into images (id, file) select 'img-' || (1000 + i), 'archive-' || i || '.jpg' from n;

with recursive
  n (i) as (select 1 union all select i + 1 from n where i < 310),
  kinds (k, a, b, c) as (
    values (0, 'bird', 'city', 'water'), (1, 'portrait', 'night', 'snow'), (2, 'map', 'ship', 'machine'))
insert into labels (image_id, label, labelled_by, labelled_at)
select 'img-' || (1000 + i), case i % 3 when 0 then a when 1 then b else c end,
       case (i + k) % 3 when 0 then 'wim-dekker' when 1 then 'ana-reis' else 'sofie-blok' end,
       '2025-08-' || substr('0' || (4 + i % 15), -2) || 'T' || substr('0' || (8 + (i + k) % 9), -2) || ':' || substr('0' || (i % 60), -2) || ':00Z'
  from n, kinds;
