-- Under which licence an image is.

ALTER TABLE images ADD COLUMN licence text NOT NULL;
