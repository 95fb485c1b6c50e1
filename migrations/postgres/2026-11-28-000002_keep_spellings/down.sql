ALTER TABLE quarantine DROP COLUMN shares_instant;
ALTER TABLE streams DROP COLUMN last_synced_spelling, DROP COLUMN created_at_spelling;
