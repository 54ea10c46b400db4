-- The content of the database: 864 trips. Plain arithmetic, no clock, no chance.

create table trips (
  id      integer primary key,
  depot   text not null,
  trip    text not null,
  van     text not null,
  due     text not null,
  arrived text not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 864)
insert into trips (id, depot, trip, van, due, arrived)
select i,
       'D' || (1 + i % 4),
       'T' || (5000 + i),
       'V' || (1 + i % 37),
       substr('0' || (6 + i % 14), -2) || ':' || substr('0' || (i * 7 % 60), -2),
       substr('0' || (6 + i % 14), -2) || ':' || substr('0' || (i * 11 % 60), -2)
  from n;
