-- Twenty sites with three apps each: a shop, a blog, and the board. Plain arithmetic, no clock, no chance.

create table entities (
  id     text primary key,
  kind   text not null,
  parent text,
  name   text not null
);

create table pages (
  id    integer primary key,
  owner text not null references entities (id),
  title text not null
);

with recursive n (i) as (select 0 union all select i + 1 from n where i < 19)
insert into entities select 'e-' || (1104 + i * 7), 'site', null, 'customer-' || (i + 1) from n;

with recursive n (i) as (select 0 union all select i + 1 from n where i < 19), apps (first, name) as (values (2104, 'pinboard'), (3104, 'shop'), (4104, 'blog'))
insert into entities select 'e-' || (first + i * 7), 'app', 'e-' || (1104 + i * 7), name from n, apps;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 600)
insert into pages select i, 'e-' || ((i % 3 + 2) * 1000 + 104 + (i / 3 % 20) * 7), 'page ' || i from n;
