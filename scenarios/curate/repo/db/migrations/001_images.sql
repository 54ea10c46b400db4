-- Images.

create table images (
  id   text primary key,
  file text not null unique
);
