-- All keys but the newest go.

DELETE FROM keys
 WHERE id <> (SELECT id FROM keys ORDER BY made_on DESC LIMIT 1);
