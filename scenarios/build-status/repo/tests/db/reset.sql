-- Back to the rows that the integration checks know, whatever was there before.

TRUNCATE builds, repositories, users CASCADE;

INSERT INTO users (id, login, joined_at) VALUES
  (1, 'fixture', '2024-03-01T00:00:00Z');

INSERT INTO repositories (id, name, owner_id) VALUES
  (1, 'fixture/one', 1),
  (2, 'fixture/two', 1);

INSERT INTO builds (id, repository, number, branch, state, started_at) VALUES
  (1, 'fixture/one', '1', 'main', 'failed', '2024-03-01T08:00:00Z'),
  (2, 'fixture/one', '2', 'main', 'passed', '2024-03-02T08:00:00Z'),
  (3, 'fixture/one', '3', 'next', 'failed', '2024-03-03T08:00:00Z'),
  (4, 'fixture/two', '1', 'main', 'running', '2024-03-03T09:00:00Z');
