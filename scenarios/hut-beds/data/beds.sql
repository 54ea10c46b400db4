-- Rooms of four huts and who stays there in July. Plain arithmetic, no clock, no chance.

create table rooms (id text primary key, hut text not null, room text not null, beds integer not null);

with recursive n (i) as (select 0 union all select i + 1 from n where i < 15)
insert into rooms (id, hut, room, beds) select 'r-' || (10 + i), 'hut' || (1 + i % 4), 'room ' || (1 + i / 4), 8 + (i % 3) * 4 from n;

create table stays (id text primary key, hut text not null, room text not null, persons integer not null, arrives text not null, leaves text not null);

with recursive n (i) as (select 0 union all select i + 1 from n where i < 179)
insert into stays (id, hut, room, persons, arrives, leaves)
select 's-' || (1000 + i), 'hut' || (1 + i % 4), 'r-' || (10 + i % 16), 1 + i % 3, '2026-07-' || substr('0' || (1 + i % 26), -2), '2026-07-' || substr('0' || (3 + i % 26), -2) from n;
