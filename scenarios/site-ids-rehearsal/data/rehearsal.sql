-- The rehearsal: six sites with a board each, whose ids are those of the list. Plain arithmetic, no clock, no chance.

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

with recursive n (i) as (select 0 union all select i + 1 from n where i < 5)
insert into entities select 'e-' || (9001 + i), 'site', null, 'rehearsal-' || (i + 1) from n;

with recursive n (i) as (select 0 union all select i + 1 from n where i < 5)
insert into entities select 'e-' || (1104 + i * 7), 'app', 'e-' || (9001 + i), 'pinboard' from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 48)
insert into pages select i, 'e-' || (1104 + (i % 6) * 7), 'page ' || i from n;
