-- What was quoted until April. Plain arithmetic, no clock, no chance.

create table quotes (
  id       integer primary key,
  customer text not null,
  day      date not null,
  tariff   text not null,
  total_ct integer not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 2400)
insert into quotes
  select i, 'H-' || (40000 + i * 7),
         '202' || (3 + i / 800) || '-0' || (1 + i % 9) || '-1' || (i % 10),
         case i % 3 when 0 then 'basic' when 1 then 'heat' else 'night' end, 60000 + (i * 137) % 90000
    from n;
