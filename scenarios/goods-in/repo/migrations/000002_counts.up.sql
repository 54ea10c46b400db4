create table counts (
  id         text primary key,
  article    text not null,
  pieces     integer not null,
  counted_at timestamptz not null
);
