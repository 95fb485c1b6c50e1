ALTER TABLE streams DROP COLUMN target;
