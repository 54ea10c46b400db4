-- Quotes that were made up for the rehearsal of the move. Plain arithmetic, no clock, no chance.

create table quotes (
  id       integer primary key,
  customer text not null,
  day      date not null,
  tariff   text not null,
  total_ct integer not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
insert into quotes select i, 'TEST-' || i, '2025-02-11', 'basic', 60000 from n;
