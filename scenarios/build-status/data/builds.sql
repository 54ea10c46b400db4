-- The content of the production database: 60 users, 24 repositories and 60 builds of each. Plain arithmetic, no clock, no chance.
-- Every repository builds every four hours or so, the last ones on the morning of the trial.

create table users (
  id        integer primary key,
  login     text not null,
  joined_at timestamptz not null
);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
insert into users (id, login, joined_at)
select i, 'member-' || i, '2023-0' || (1 + i % 9) || '-1' || (i % 9) || 'T09:00:00Z' from n;

create table repositories (
  id       integer primary key,
  name     text not null unique,
  owner_id integer not null references users (id)
);

insert into repositories (id, name, owner_id) values
  (1, 'orchid/gateway', 3),   (2, 'fennel/cli', 5),        (3, 'aster/web', 7),       (4, 'basil/api', 9),
  (5, 'clover/mobile', 11),   (6, 'dahlia/docs', 13),      (7, 'elder/ingest', 15),   (8, 'fern/runner', 17),
  (9, 'ginger/auth', 19),     (10, 'hazel/search', 21),    (11, 'iris/mailer', 23),   (12, 'juniper/queue', 25),
  (13, 'kale/ledger', 27),    (14, 'lotus/render', 29),    (15, 'mint/pay', 31),      (16, 'nettle/lint', 33),
  (17, 'olive/store', 35),    (18, 'poppy/stream', 37),    (19, 'quince/graph', 39),  (20, 'rose/forms', 41),
  (21, 'sage/metrics', 43),   (22, 'thyme/cron', 45),      (23, 'umbel/cache', 47),   (24, 'violet/chat', 49);

create table builds (
  id         integer primary key,
  repository text not null references repositories (name),
  number     text not null,
  branch     text not null,
  state      text not null check (state in ('running', 'passed', 'failed', 'canceled')),
  started_at timestamptz not null
);

-- Build 9 of orchid/gateway failed and those after it pass; fennel/cli is the other way round.
with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
insert into builds (id, repository, number, branch, state, started_at)
select (r.id - 1) * 60 + n.i, r.name, cast(n.i as text),
       case when n.i % 7 = 0 then 'next' else 'main' end,
       case
         when r.id = 1 then case when n.i = 9 then 'failed' else 'passed' end
         when r.id = 2 then case when n.i < 10 then 'passed' else 'failed' end
         when (n.i * 5 + r.id) % 11 = 0 then 'failed'
         else 'passed'
       end,
       '2025-11-' || substr('0' || (8 + (n.i - 1) / 10), -2) || 'T' || substr('0' || ((n.i - 1) % 10 * 2), -2) || ':15:00Z'
  from repositories r, n;
