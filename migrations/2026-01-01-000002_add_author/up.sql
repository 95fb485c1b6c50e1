-- Who may publish to the stream. Installed engines added this column before
-- the store did; where it stands already the migration is recorded, not run.
ALTER TABLE streams ADD COLUMN author TEXT;
