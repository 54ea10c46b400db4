-- A timetable of three stops. Plain arithmetic, no clock, no chance.

create table departures (
  id       integer primary key,
  stop     text not null,
  line     text not null,
  towards  text not null,
  planned  text not null,
  delay    integer not null,
  platform text not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 240)
insert into departures
select i, case i % 3 when 0 then 'market' when 1 then 'nordtor' else 'harbour' end, (1 + i % 9) || '',
       case i % 2 when 0 then 'Harbour' else 'Nordtor' end,
       substr('0' || (6 + i / 15), -2) || ':' || substr('0' || (i * 7 % 60), -2), case when i % 17 = 0 then 4500 else i % 5 * 40 end,
       (1 + i % 4) || ''
  from n;
