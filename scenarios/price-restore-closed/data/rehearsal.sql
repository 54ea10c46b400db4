-- The rehearsal: the articles as the import of this morning left them, and the orders of the days before. Plain arithmetic, no clock, no
-- chance.

create table articles (
  sku   text primary key,
  name  text not null,
  cents integer not null
);

create table orders (
  id        integer primary key,
  sku       text not null references articles (sku),
  pieces    integer not null,
  placed_at timestamptz not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 300)
insert into articles
select 'K' || (1000 + i), 'article ' || i, case when i % 8 = 3 and i <= 320 then 0 else 500 + i * 13 end from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 600)
insert into orders
select i, 'K' || (1001 + i * 7 % 300), 1 + i % 3,
       case when i <= 600 then '2026-02-0' || (1 + i % 9) || 'T' || substr('0' || (8 + i % 12), -2) || ':' || substr('0' || (i % 60), -2) || ':00Z'
            else '2026-02-10T' || substr('0' || (6 + (i - 601) / 40), -2) || ':' || substr('0' || ((i - 601) % 40), -2) || ':30Z' end
  from n;
