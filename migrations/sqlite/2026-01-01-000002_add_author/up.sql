-- Who may publish to the stream. Installed engines added this column before the
-- store did. If it already exists the migration is recorded, not run.
ALTER TABLE streams ADD COLUMN author TEXT;
