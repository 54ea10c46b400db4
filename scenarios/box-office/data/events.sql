-- What is on, in three languages. Plain arithmetic, no clock, no chance.

create table events (id text primary key, venue text not null);
create table titles (event_id text not null references events (id), lang text not null, title text not null, primary key (event_id, lang));

with recursive n (i) as (select 1 union all select i + 1 from n where i < 400)
insert into events (id, venue) select 'e-' || i, 'venue-' || i from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 400), l (lang, title) as (
  values ('de', 'Herbstkonzert '), ('en', 'Autumn concert '), ('fr', 'Concert d''automne '))
insert into titles (event_id, lang, title) select 'e-' || i, lang, title || i from n, l;
