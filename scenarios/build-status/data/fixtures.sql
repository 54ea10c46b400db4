-- A test instance: the tables, and the rows that the last integration check has left.

create table users (
  id        integer primary key,
  login     text not null,
  joined_at timestamptz not null
);

create table repositories (
  id       integer primary key,
  name     text not null unique,
  owner_id integer not null references users (id)
);

create table builds (
  id         integer primary key,
  repository text not null references repositories (name),
  number     text not null,
  branch     text not null,
  state      text not null check (state in ('running', 'passed', 'failed', 'canceled')),
  started_at timestamptz not null
);

insert into users (id, login, joined_at) values
  (1, 'fixture', '2024-03-01T00:00:00Z');

insert into repositories (id, name, owner_id) values
  (1, 'fixture/one', 1),
  (2, 'fixture/two', 1);

insert into builds (id, repository, number, branch, state, started_at) values
  (1, 'fixture/one', '1', 'main', 'failed', '2024-03-01T08:00:00Z'),
  (2, 'fixture/one', '2', 'main', 'passed', '2024-03-02T08:00:00Z'),
  (3, 'fixture/one', '3', 'next', 'failed', '2024-03-03T08:00:00Z'),
  (4, 'fixture/two', '1', 'main', 'running', '2024-03-03T09:00:00Z');

-- Left by a branch whose checks knew a third repository.
insert into repositories (id, name, owner_id) values (3, 'fixture/three', 1);

insert into builds (id, repository, number, branch, state, started_at) values
  (5, 'fixture/three', '1', 'main', 'passed', '2024-03-04T08:00:00Z'),
  (6, 'fixture/three', '2', 'main', 'canceled', '2024-03-05T08:00:00Z');
