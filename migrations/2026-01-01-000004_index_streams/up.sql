-- The names are those that installed engines give the same indexes.
CREATE INDEX IF NOT EXISTS idx_streams_name ON streams(name);
CREATE INDEX IF NOT EXISTS idx_streams_server_id ON streams(server_stream_id);
