DROP INDEX idx_streams_name;
DROP INDEX idx_streams_server_id;
