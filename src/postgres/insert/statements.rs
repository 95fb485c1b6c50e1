//! The statements by which rows are inserted.

use std::ffi::CStr;

/// Makes places for streams that have none, in the order in which they are given, and locks
/// all of them in the order of their keys until the transaction ends: what is chained to the
/// latest row must know it. A row that exists is locked also where nothing is written, which
/// leaves no dead row behind. A stream of another name is left as it is.
pub(super) const CLAIM: &str = "WITH given AS MATERIALIZED (\
       SELECT u.*, CASE WHEN s.data IS NULL THEN nextval('streams_data') ELSE s.data END AS data \
       FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS u (stream, uuid, place) \
       LEFT JOIN streams s USING (stream) ORDER BY place\
     ) \
     INSERT INTO streams AS s (stream, uuid, data) \
     SELECT stream, uuid, data FROM given ORDER BY stream \
     ON CONFLICT (stream) DO UPDATE SET data = excluded.data \
     WHERE s.data IS NULL AND s.uuid = excluded.uuid";

/// The names of the streams that have these keys.
pub(super) const NAMES: &str = "SELECT stream, uuid FROM streams WHERE stream = ANY ($1)";

// What looks at rows of several streams begins at `streams`: Citus refuses to begin at an array.

/// The hash and the instant of the latest row of each stream.
pub(super) const ENDS: &str = "SELECT s.stream, o.ts, o.hash FROM streams s \
     CROSS JOIN LATERAL (\
       SELECT ts, hash FROM observations o WHERE o.stream = s.stream ORDER BY ts DESC LIMIT 1\
     ) o WHERE s.stream = ANY ($1)";

/// The spelling of the latest row of each stream, if it is one of its own.
pub(super) const SAMPLES: &str = "SELECT s.stream, o.spelling FROM streams s \
     CROSS JOIN LATERAL (\
       SELECT spelling FROM observations o WHERE o.stream = s.stream ORDER BY ts DESC LIMIT 1\
     ) o WHERE s.stream = ANY ($1) AND o.spelling IS NOT NULL";

/// The values of the rows of these instants.
pub(super) const VALUES: &str = "SELECT o.stream, o.ts, o.value \
     FROM unnest($1::bigint[], $2::bigint[]) AS u (stream, ts) \
     JOIN observations o ON o.stream = u.stream AND o.ts = u.ts";

/// The streams that have a row between two instants.
pub(super) const OCCUPIED: &str = "SELECT s.stream FROM streams s \
     JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u (stream, first, last) USING (stream) \
     WHERE EXISTS (\
       SELECT FROM observations o WHERE o.stream = s.stream AND o.ts BETWEEN u.first AND u.last\
     )";

/// Copies in rows of which none is there.
pub(super) const COPY: &CStr = c"COPY observations (stream, ts, value, hash, provider, spelling) \
     FROM STDIN (FORMAT binary)";

/// Inserts rows, and returns those that it has inserted.
pub(super) const INSERT: &str = "INSERT INTO observations (stream, ts, value, hash, provider, spelling) \
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::float8[], $4::text[], $5::text[], \
       $6::text[]) \
     ON CONFLICT (stream, ts) DO NOTHING RETURNING stream, ts";

/// Inserts rows that are all new, or fails.
pub(super) const INSERT_ALL: &str = "INSERT INTO observations \
       (stream, ts, value, hash, provider, spelling) \
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::float8[], $4::text[], $5::text[], \
       $6::text[])";

/// Inserts one row into a stream that has a place, and keeps the place from being removed
/// meanwhile: the row would outlive it, unseen.
pub(super) const INSERT_NEW: &str = "INSERT INTO observations (stream, ts, value, hash, provider, spelling) \
     SELECT $1, $2, $3, $4, $5, $6 \
     WHERE EXISTS (SELECT FROM streams WHERE stream = $1 AND uuid = $7 AND data IS NOT NULL \
       FOR KEY SHARE) \
     ON CONFLICT (stream, ts) DO NOTHING RETURNING stream";
