-- What the suppliers' feed has: 688 parts.

create table docs (
  _id    text primary key,
  name   text not null,
  kind   text not null,
  price  text not null,
  stock  integer not null,
  source text not null,
  note   text
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 688)
insert into docs (_id, name, kind, price, stock, source)
select 'sp-' || (2000 + i), 'part ' || i, case i % 4 when 0 then 'belt' when 1 then 'bearing' when 2 then 'seal' else 'filter' end,
       (1 + i * 7 % 190) || '.' || (10 + i % 90), i % 5, 'feed' from n;
