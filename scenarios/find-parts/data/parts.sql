-- The index in May 2026: 688 parts as the suppliers' feed has them, and 144 that the workshop has typed in at its own screen since 4 May:
-- used parts, with what was noted on them. Plain arithmetic, no clock, no chance.

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

with recursive n (i) as (select 1 union all select i + 1 from n where i < 144)
insert into docs (_id, name, kind, price, stock, source, note)
select 'ws-' || i, 'used part ' || i, case i % 3 when 0 then 'belt' when 1 then 'bearing' else 'seal' end, (3 + i % 60) || '.00', 1, 'workshop',
       'from machine ' || (10 + i % 17) || ', checked by ' || case i % 2 when 0 then 'Oli' else 'Pia' end from n;
