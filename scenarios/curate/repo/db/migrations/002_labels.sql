-- What people say about them.

create table labels (
  image_id    text not null references images (id),
  label       text not null,
  labelled_by text not null,
  labelled_at timestamptz not null,
  primary key (image_id, label)
);
