ALTER TABLE streams DROP COLUMN author;
