-- The content of the database: 240 orders of two lines each, 180 returns with their lines. Plain arithmetic, no clock, no chance.

create table orders (
  id        text primary key,
  placed_at timestamptz not null,
  shipping  integer not null
);

create table order_lines (
  id       integer primary key,
  order_id text not null references orders (id),
  article  text not null,
  quantity integer not null,
  price    integer not null,
  discount integer not null default 0
);

create table returns (
  id        text primary key,
  order_id  text not null references orders (id),
  booked_at timestamptz not null
);

create table return_lines (
  id            integer primary key,
  return_id     text not null references returns (id),
  order_line_id integer not null references order_lines (id),
  quantity      integer not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 240)
insert into orders (id, placed_at, shipping)
select 'O-' || (7000 + i), '2026-02-' || substr('0' || (1 + i % 28), -2) || 'T10:' || substr('0' || (i % 60), -2) || ':00Z', 490
  from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 240)
insert into order_lines (id, order_id, article, quantity, price, discount)
select i * 2 - 1, 'O-' || (7000 + i), 'runner ' || (36 + i % 11), case when i % 6 = 0 then 3 else 1 end, 8900 + i % 7 * 500,
       case when i % 5 = 0 then 900 else 0 end
  from n
union all
select i * 2, 'O-' || (7000 + i), 'laces', 1, 450, 0 from n;

-- Returns R-1001 to R-1180: the runners of an order; of those who ordered three, one.
with recursive n (i) as (select 1 union all select i + 1 from n where i < 180)
insert into returns (id, order_id, booked_at)
select 'R-' || (1000 + i), 'O-' || (7000 + i),
       '2026-03-0' || (1 + i % 4) || 'T' || substr('0' || (6 + i % 12), -2) || ':30:00Z'
  from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 180)
insert into return_lines (id, return_id, order_line_id, quantity)
select i, 'R-' || (1000 + i), i * 2 - 1, 1 from n;
