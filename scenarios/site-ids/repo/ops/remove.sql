-- Takes entities away for good, with whatever belongs to them.
-- Put their ids into the list, in all three places.

DELETE FROM pages
 WHERE owner IN ('e-1104', 'e-1111', 'e-1118', 'e-1125', 'e-1132', 'e-1139')
    OR owner IN (SELECT id FROM entities WHERE parent IN ('e-1104', 'e-1111', 'e-1118', 'e-1125', 'e-1132', 'e-1139'));

DELETE FROM entities
 WHERE id IN ('e-1104', 'e-1111', 'e-1118', 'e-1125', 'e-1132', 'e-1139')
    OR parent IN ('e-1104', 'e-1111', 'e-1118', 'e-1125', 'e-1132', 'e-1139');
