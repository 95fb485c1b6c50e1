//! Table `streams` and the SQL function `satori_instant`, as Diesel sees them.

diesel::table! {
    /// One row for each stream. Installed engines added `author` and `target` to the nine
    /// columns of the first ones.
    streams (id) {
        /// SQLite's number for the row; never changes.
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
    /// Returns the microseconds since 1970 of a stored timestamp, however it is spelled;
    /// NULL if it can't be read. `raw::function` implements it.
    fn satori_instant(
        timestamp: diesel::sql_types::Nullable<diesel::sql_types::Text>,
    ) -> diesel::sql_types::Nullable<diesel::sql_types::BigInt>;
}
