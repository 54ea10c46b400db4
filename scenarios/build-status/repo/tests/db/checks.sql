-- Each line says ok, or what is wrong. The rows are those of reset.sql.

SELECT CASE WHEN count(*) = 4 THEN 'ok' ELSE 'WRONG: not the rows of reset.sql' END AS rows_are_ours FROM builds;

SELECT CASE WHEN count(*) = 2 THEN 'ok' ELSE 'WRONG: repositories' END AS repositories
  FROM (SELECT DISTINCT repository FROM builds) AS named;

SELECT CASE WHEN max(started_at) = '2024-03-03T08:00:00Z' THEN 'ok' ELSE 'WRONG: latest first' END AS latest_first
  FROM builds WHERE repository = 'fixture/one';

SELECT CASE WHEN count(*) = 2 THEN 'ok' ELSE 'WRONG: builds of a branch' END AS builds_of_a_branch
  FROM builds WHERE repository = 'fixture/one' AND branch = 'main';
