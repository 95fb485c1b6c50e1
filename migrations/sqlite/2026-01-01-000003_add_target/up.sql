-- The field of the stream. Recorded, not run, if the column already exists.
ALTER TABLE streams ADD COLUMN target TEXT;
