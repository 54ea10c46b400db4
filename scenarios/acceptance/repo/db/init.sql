-- The tables, from nothing.

DROP TABLE IF EXISTS runs;

CREATE TABLE runs (
  id         integer PRIMARY KEY,
  device     text NOT NULL,
  started_at timestamptz NOT NULL,
  outcome    text NOT NULL,
  archived   boolean NOT NULL DEFAULT false
);
