//! Writing metadata.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::connection::Connection;
use super::key::key;
use super::raw::{Answer, Params, Statement};
use super::streams::{CLEARED, Claim, FORGET, LOCK, check, fields, set_fields, values};
use crate::model::error::Result;
use crate::model::stream::StreamPatch;
use crate::model::time::Timestamp;
use crate::model::uuid::StreamUuid;

impl Connection {
    pub(super) fn upsert_streams<'a>(
        &mut self,
        patches: impl IntoIterator<Item = (&'a StreamUuid, &'a StreamPatch)>,
        now: Timestamp,
    ) -> Result<()> {
        let patches: Vec<_> = patches.into_iter().collect();
        let claims = patches
            .iter()
            .map(|(uuid, patch)| (key(uuid), *uuid, *patch));
        let upserts = upserts(claims, now, Of::Any)?;
        if upserts.is_empty() {
            return Ok(());
        }
        let (statements, numbers): (Vec<_>, Vec<_>) = upserts.into_iter().unzip();
        let answers = self.run(statements)?;
        let written = answers.iter().map(Answer::number);
        match written.eq(numbers.into_iter().map(|number| number as u64)) {
            true => Ok(()),
            false => {
                let uuids: Vec<_> = patches.iter().map(|(uuid, _)| *uuid).collect();
                self.check_names(&uuids)?.into_iter().collect()
            }
        }
    }

    pub(super) fn update_stream(&mut self, uuid: &StreamUuid, patch: &StreamPatch) -> Result<()> {
        check(patch)?;
        let fields = fields(patch);
        if fields.is_empty() {
            return Ok(());
        }
        let set: Vec<_> = fields
            .iter()
            .map(|(field, _)| format!("{field} = u.{field}"))
            .collect();
        let (source, names) = unnested(&fields, 1);
        let sql = format!(
            "UPDATE streams s SET {} FROM unnest({source}) AS u (stream, uuid{names}) \
             WHERE s.stream = u.stream AND s.uuid = u.uuid AND s.id IS NOT NULL",
            set.join(", ")
        );
        let params = Params::new().int8s([key(uuid)]).texts([uuid.as_str()]);
        let params = values(params, &[(key(uuid), uuid, patch)]);
        self.run(vec![Statement::new(sql, params)])?;
        Ok(())
    }

    pub(super) fn delete_stream(&mut self, uuid: &StreamUuid) -> Result<bool> {
        let params = || Params::new().int8(key(uuid)).text(uuid.as_str());
        let clear = format!(
            "UPDATE streams SET {CLEARED} WHERE stream = $1 AND uuid = $2 AND id IS NOT NULL \
             RETURNING stream"
        );
        let answers = self.run(vec![
            Statement::new(LOCK, Params::new().int8(key(uuid))),
            Statement::new(clear, params()),
            Statement::new(FORGET, params()),
        ])?;
        Ok(answers[1].len() > 0)
    }
}

/// Returns the parameters of `unnest`, from the one of this number on, with their types, and
/// the names of the columns behind `stream` and `uuid`.
fn unnested(fields: &[(&str, &str)], first: usize) -> (String, String) {
    let mut source = format!("${first}::bigint[], ${}::text[]", first + 1);
    let mut names = String::new();
    for ((field, of), number) in fields.iter().zip(first + 2..) {
        // To write to a string can't fail.
        let _ = write!(source, ", ${number}::{of}[]");
        let _ = write!(names, ", {field}");
    }
    (source, names)
}

/// Returns what a statement selects that must have written this many rows: if it hasn't, it
/// divides by zero, which ends the transaction without a trip to look at the number.
pub(super) fn all_or_error(rows: usize) -> String {
    format!("1 / (count(*) = {rows})::int")
}

/// Which streams metadata is written of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Any. The statements answer how many they have written: a row that is another stream's is
    /// left as it is.
    Any,
    /// Those that get data in the same transaction, which is written too. The statements fail
    /// if a row is another stream's.
    WithData,
    /// Those that have metadata and data, as far as is known: the quickest. The statements fail
    /// if one hasn't.
    Known,
}

/// Returns the statements that write patches and `now`, each with the number of its streams.
/// Those that set the same fields are written by one.
pub(super) fn upserts<'a>(
    claims: impl IntoIterator<Item = Claim<'a>>,
    now: Timestamp,
    of: Of,
) -> Result<Vec<(Statement, usize)>> {
    let mut groups: BTreeMap<u32, Vec<Claim<'_>>> = BTreeMap::new();
    let mut all = Vec::new();
    for claim in claims {
        let (_, _, patch) = claim;
        check(patch)?;
        groups.entry(set_fields(patch)).or_default().push(claim);
        all.push(claim);
    }
    // If there are several, all rows are made in their order and locked in that of their keys
    // before: one statement after the other would lock them crosswise.
    let first = (groups.len() > 1).then(|| (Vec::new(), all));
    let groups = groups.into_values().map(|group| {
        let fields = group.first().map(|(_, _, patch)| fields(patch));
        (fields.unwrap_or_default(), group)
    });
    let statements = first.into_iter().chain(groups).map(|(fields, mut group)| {
        let statement = match of {
            Of::Known => {
                group.sort_unstable_by_key(|(key, _, _)| *key);
                touch(&fields, &group, now)
            }
            _ => upsert(&fields, &group, now, of == Of::WithData),
        };
        (statement, group.len())
    });
    Ok(statements.collect())
}

/// Returns the statement that writes the patches of streams that have an id and data, and are in
/// the order of their keys. If one hasn't, or its row is another stream's, the statement divides
/// by zero: at the row that is there, or at the one that it has made.
fn touch(fields: &[(&str, &str)], group: &[Claim<'_>], now: Timestamp) -> Statement {
    let (source, names) = unnested(fields, 2);
    let sql = format!(
        "INSERT INTO streams AS s (stream, uuid{names}, last_synced) \
         SELECT stream, uuid{names}, $1 FROM unnest({source}) AS u (stream, uuid{names}) \
         ON CONFLICT (stream) DO UPDATE SET last_synced = excluded.last_synced{} \
         WHERE 1 / (s.uuid = excluded.uuid AND s.id IS NOT NULL AND s.data IS NOT NULL)::int = 1 \
         RETURNING 1 / (id IS NOT NULL)::int",
        replaced(fields)
    );
    Statement::new(sql, claim_params(group, now))
}

/// Returns what sets the fields to what is offered.
fn replaced(fields: &[(&str, &str)]) -> String {
    let set = fields
        .iter()
        .map(|(field, _)| format!(", {field} = excluded.{field}"));
    set.collect()
}

fn claim_params(group: &[Claim<'_>], now: Timestamp) -> Params {
    let params = Params::new()
        .instant(now.as_micros())
        .int8s(group.iter().map(|(key, _, _)| *key))
        .texts(group.iter().map(|(_, uuid, _)| uuid.as_str()));
    values(params, group)
}

/// Returns the statement that writes the patches, which set the same fields. It takes an id
/// for those alone that have none; what a row has it offers too, since the row may be removed
/// while the statement waits for it, and then is made anew. It locks the rows in the order of
/// their keys, so that two writers wait for each other in one direction.
fn upsert(
    fields: &[(&str, &str)],
    group: &[Claim<'_>],
    now: Timestamp,
    with_data: bool,
) -> Statement {
    let (source, names) = unnested(fields, 2);
    let set = replaced(fields);
    let (data, set_data, answer) = match with_data {
        true => (
            "CASE WHEN s.data IS NULL THEN nextval('streams_data') ELSE s.data END",
            ", data = coalesce(s.data, excluded.data)",
            all_or_error(group.len()),
        ),
        false => ("NULL::bigint", "", "count(*)".to_owned()),
    };
    let sql = format!(
        "WITH given AS MATERIALIZED (\
           SELECT u.*, CASE WHEN s.id IS NULL THEN nextval('streams_id') ELSE s.id END AS id, \
             {data} AS data \
           FROM unnest({source}) WITH ORDINALITY AS u (stream, uuid{names}, place) \
           LEFT JOIN streams s USING (stream) ORDER BY place\
         ), written AS (\
           INSERT INTO streams AS s (stream, id, uuid{names}, last_synced, created_at, data) \
           SELECT stream, id, uuid{names}, $1, $1, data FROM given ORDER BY stream \
           ON CONFLICT (stream) DO UPDATE SET \
             id = coalesce(s.id, excluded.id), \
             last_synced = excluded.last_synced, \
             created_at = CASE WHEN s.id IS NULL THEN excluded.created_at ELSE s.created_at END\
             {set_data}{set} \
           WHERE s.uuid = excluded.uuid RETURNING stream\
         ) SELECT {answer} FROM written"
    );
    Statement::new(sql, claim_params(group, now))
}
