-- How the file from which a stream was copied spelled its times, if in another way than the
-- store does. A spelling counts as long as it stands for the time beside it.
ALTER TABLE streams
    ADD COLUMN last_synced_spelling text,
    ADD COLUMN created_at_spelling text;

-- As in a file: a row that stayed in the stream had the same instant. A negative id says that
-- a copy put the row here because observations can't hold it.
ALTER TABLE quarantine ADD COLUMN shares_instant boolean NOT NULL DEFAULT false;
