-- The newest key comes into use.
-- To name a deployment, write it in place of 'default'.

UPDATE deployments
   SET key_id = (SELECT id FROM keys ORDER BY made_on DESC LIMIT 1)
 WHERE name = 'default';
