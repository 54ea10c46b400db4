-- The suite begins from nothing: its tables are dropped and made again, with the twelve laps that it knows.

DROP TABLE IF EXISTS laps CASCADE;

CREATE TABLE laps (id TEXT PRIMARY KEY, track TEXT NOT NULL, kart TEXT NOT NULL, ms INTEGER NOT NULL, driven TEXT NOT NULL);

INSERT INTO laps (id, track, kart, ms, driven) VALUES
  ('f-01', 'north', 'k1', 61200, '2024-01-01T00:00:00Z'),
  ('f-02', 'north', 'k2', 60800, '2024-01-01T00:00:00Z'),
  ('f-03', 'north', 'k3', 62100, '2024-01-01T00:00:00Z'),
  ('f-04', 'north', 'k1', 60400, '2024-01-01T00:00:00Z'),
  ('f-05', 'south', 'k1', 45200, '2024-01-01T00:00:00Z'),
  ('f-06', 'south', 'k2', 44900, '2024-01-01T00:00:00Z'),
  ('f-07', 'south', 'k3', 46000, '2024-01-01T00:00:00Z'),
  ('f-08', 'south', 'k4', 45100, '2024-01-01T00:00:00Z'),
  ('f-09', 'hall', 'k1', 30100, '2024-01-01T00:00:00Z'),
  ('f-10', 'hall', 'k2', 29800, '2024-01-01T00:00:00Z'),
  ('f-11', 'hall', 'k3', 30500, '2024-01-01T00:00:00Z'),
  ('f-12', 'hall', 'k4', 29900, '2024-01-01T00:00:00Z');
