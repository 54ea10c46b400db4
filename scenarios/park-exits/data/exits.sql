-- Who left three garages today. Plain arithmetic, no clock, no chance.

create table exits (id text primary key, garage text not null, minutes integer not null);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 210)
insert into exits (id, garage, minutes) select 'x-' || (1000 + i), 'g' || (1 + i % 3), 5 + (i * 17) % 300 from n;
