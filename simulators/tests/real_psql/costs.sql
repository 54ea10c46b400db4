CREATE TABLE accounts (id varchar(12) PRIMARY KEY NOT NULL, name text);
INSERT INTO accounts VALUES ('123456789010','a'),('123456789011','b'),('123456789012','c');
CREATE TABLE cost_lines (
  id INTEGER PRIMARY KEY, account_id varchar(12) NOT NULL REFERENCES accounts(id), service text,
  usage_date date NOT NULL, amount numeric(12,4) NOT NULL DEFAULT 0, tax boolean, loaded_at timestamptz DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX cost_lines_date ON cost_lines(usage_date);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20)
INSERT INTO cost_lines SELECT i, '12345678901'||(i%3), CASE WHEN i%5=0 THEN NULL WHEN i%2=0 THEN 'AmazonEC2' ELSE 'AmazonS3' END, date('2025-01-01', '+'||i||' days'), i*1.5, i%2=0, '2025-12-01T00:00:00Z' FROM n;
CREATE TABLE empty_one (k int PRIMARY KEY NOT NULL, d double precision, j jsonb);
CREATE TABLE loose (a int, b text);
INSERT INTO loose VALUES (1,'x'),(1,'x'),(2,NULL);
