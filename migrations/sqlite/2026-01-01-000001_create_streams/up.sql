-- One row for each data stream. The observations themselves are in a table that
-- is named by the stream's uuid; this table says what the uuid stands for.
CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    server_stream_id INTEGER,
    uuid TEXT UNIQUE NOT NULL,
    name TEXT,
    secondary TEXT,
    meta TEXT,
    description TEXT,
    last_synced TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
