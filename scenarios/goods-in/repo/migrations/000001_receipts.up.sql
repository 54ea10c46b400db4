create table receipts (
  id       text primary key,
  supplier text not null,
  article  text not null,
  pieces   integer not null,
  day      text not null
);
