-- The rehearsal: one client, and our own numbers at it. Plain arithmetic, no clock, no chance.

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
  (17, 'Zentest Labs', 'ours: for trying routes out, never invoiced');

with recursive n (i) as (select 1 union all select i + 1 from n where i < 120)
insert into messages
select 5000 + i, 17, 'ZT-' || (100 + i), '2026-03-' || substr('0' || (1 + i % 17), -2), 1 + i % 3, 'arrived'
  from n;

insert into charges select id, number, 0 from messages;
