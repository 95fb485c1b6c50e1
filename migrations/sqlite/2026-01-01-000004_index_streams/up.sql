-- Installed engines give these indexes the same names.
CREATE INDEX IF NOT EXISTS idx_streams_name ON streams(name);
CREATE INDEX IF NOT EXISTS idx_streams_server_id ON streams(server_stream_id);
