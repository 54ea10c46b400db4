-- The content of the database: 1,943 pieces of homework. Plain arithmetic, no clock, no chance.

create table submissions (
  id       integer primary key,
  student  text not null,
  course   text not null,
  homework text not null,
  points   integer not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 1943)
insert into submissions (id, student, course, homework, points)
select i,
       's' || (100 + i * 7 % 211),
       case i % 3 when 0 then 'sql-2026' when 1 then 'ml-2025' else 'data-2024' end,
       'h' || (1 + i % 9),
       (i * 13) % 41
  from n;
