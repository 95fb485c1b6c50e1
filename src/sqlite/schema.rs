//! The `streams` table as Diesel sees it, and the function we lend SQLite.

diesel::table! {
    /// One row for each stream (the seed's nine columns, and `author` and
    /// `target`, which installed engines added).
    streams (id) {
        /// Given by SQLite, never changed.
        id -> BigInt,
        /// The server's number for the stream.
        server_stream_id -> Nullable<BigInt>,
        /// The stream's uuid, and the name of its observation table.
        uuid -> Text,
        /// The name, not unique.
        name -> Nullable<Text>,
        /// Who may publish.
        author -> Nullable<Text>,
        /// Secondary identifier.
        secondary -> Nullable<Text>,
        /// Field of the stream.
        target -> Nullable<Text>,
        /// Free text of the server.
        meta -> Nullable<Text>,
        /// Description.
        description -> Nullable<Text>,
        /// When the metadata last came from the server.
        last_synced -> Nullable<Text>,
        /// When the row was made.
        created_at -> Nullable<Text>,
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Microseconds since 1970 of a stored timestamp in any spelling, NULL where
    /// it can't be read. Registered by `sqlite::function`.
    fn satori_instant(
        timestamp: diesel::sql_types::Nullable<diesel::sql_types::Text>,
    ) -> diesel::sql_types::Nullable<diesel::sql_types::BigInt>;
}
