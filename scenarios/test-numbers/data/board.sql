-- Three clients and what was sent for them in March 2026: 1180 messages, and 120 of our own among them, 100 at Zentest and 20 at the
-- others. Plain arithmetic, no clock, no chance.

create table clients (
  id   integer primary key,
  name text not null,
  note text not null
);

create table messages (
  id        integer primary key,
  client_id integer not null references clients (id),
  number    text not null,
  day       date not null,
  attempts  integer not null,
  state     text not null
);

create table charges (
  message_id integer primary key references messages (id),
  number     text not null,
  cents      integer not null
);

insert into clients values
  (17, 'Zentest Labs', 'contract 2019-044, blood results by text message; invoiced monthly'),
  (21, 'Marlow Dental', 'contract 2021-107, reminders'),
  (34, 'Kestrel Cabs', 'contract 2022-015, "your cab is here"');

with recursive n (i) as (select 1 union all select i + 1 from n where i < 1180)
insert into messages
select i, case when i <= 700 then 17 when i <= 950 then 21 else 34 end, '+4917' || (2000000 + i * 37),
       '2026-03-' || substr('0' || (1 + i % 17), -2), 1 + (i % 9 = 0), case when i % 23 = 0 then 'failed' else 'arrived' end
  from n;

with recursive n (i) as (select 1 union all select i + 1 from n where i < 120)
insert into messages
select 5000 + i, case when i <= 100 then 17 when i <= 112 then 21 else 34 end, 'ZT-' || (100 + i),
       '2026-03-' || substr('0' || (1 + i % 17), -2), 1 + i % 3, 'arrived'
  from n;

insert into charges select id, number, 4 + id % 3 from messages;
