-- The content of the database: 1,430 parcels. Plain arithmetic, no clock, no chance.

create table parcels (
  id    text primary key,
  place text not null,
  state text not null check (state in ('moving', 'waiting', 'delivered'))
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 1430)
insert into parcels (id, place, state)
select 'TL' || (300000 + i),
       case i % 4 when 0 then 'Sydney' when 1 then 'Perth' when 2 then 'Hobart' else 'Cairns' end,
       case when i % 9 = 0 then 'waiting' when i % 3 = 0 then 'moving' else 'delivered' end
  from n;
