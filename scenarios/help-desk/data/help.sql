-- The content of the database: 40 articles, of which 36 are published, and 320 attachments of tickets.

create table articles (
  id        text primary key,
  title     text not null,
  body      text not null,
  published integer not null
);

insert into articles (id, title, body, published) values
  ('refund', 'Refund of an order', 'It takes five days until the money is back.', 1),
  ('invoice', 'Paying by invoice', 'Companies may; a Refund goes to the same account.', 1);

with recursive n (i) as (select 3 union all select i + 1 from n where i < 40)
insert into articles (id, title, body, published)
select 'article-' || i, 'Question ' || i, 'The answer to question ' || i || '.', case when i % 10 = 0 then 0 else 1 end from n;

create table attachments (
  key    text primary key,
  ticket text not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 320)
insert into attachments (key, ticket)
select 'file-' || i || '.bin', 'T-' || (4000 + i / 2) from n;
