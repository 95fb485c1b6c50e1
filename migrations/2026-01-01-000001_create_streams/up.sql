-- One row for each data stream. The observations themselves stay in the table
-- that the stream's uuid names; this table says what that uuid stands for.
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
