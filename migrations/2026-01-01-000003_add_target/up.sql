-- The field of the stream. Recorded, not run, where the column stands already.
ALTER TABLE streams ADD COLUMN target TEXT;
