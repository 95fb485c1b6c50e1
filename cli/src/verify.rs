//! `satori-store verify`: the hash chains.

use comfy_table::{Cell, CellAlignment};
use satori_store::{Digest, Error, Timestamp, Verification};
use serde::Serialize;

use crate::args::{Global, Verify};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, right, trouble};
use crate::per_stream::{self, Outcomes};
use crate::select;
use crate::text;

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    outcomes: Outcomes<Verified>,
    /// The spellings of a timestamp that were tried.
    spellings: &'static [&'static str],
}

#[derive(Default, Serialize)]
struct Verified {
    /// Null if the rows can't be read.
    chain: Option<Chain>,
}

/// What a walk along a hash chain found, in numbers.
#[derive(Serialize)]
pub(crate) struct Chain {
    pub(crate) rows: u64,
    pub(crate) verified: u64,
    pub(crate) foreign: usize,
    pub(crate) suspect: usize,
    /// Foreign rows that have verified rows both before and after them.
    pub(crate) foreign_between: u64,
    pub(crate) digest: Digest,
    /// The instants of the suspect rows.
    pub(crate) suspect_at: Vec<Timestamp>,
}

impl From<Verification> for Chain {
    fn from(found: Verification) -> Self {
        Self {
            rows: found.rows,
            verified: found.verified,
            foreign: found.foreign.len(),
            suspect: found.suspect.len(),
            foreign_between: found.foreign_between,
            digest: found.digest,
            suspect_at: found.suspect,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Verify, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = global.read(&args.db)?;
    let selected = select::one_or_all(&store, args.stream.as_deref(), output)?;
    let store = select::checked(store, &selected)?;
    let outcomes = per_stream::run(
        selected,
        |uuid| {
            let chain = Some(Chain::from(store.verify(uuid)?));
            Ok::<_, Error>(Verified { chain })
        },
        |found| {
            let is_doubtful = found.chain.as_ref().is_some_and(Chain::is_doubtful);
            Exit::refused_if(is_doubtful)
        },
    );
    let report = Report {
        outcomes,
        spellings: &Verification::SPELLINGS,
    };
    output.report(&report, || report.text(output))?;
    report.outcomes.finish(output)
}

impl Report {
    /// Returns the report for people.
    fn text(&self, output: &Output) -> String {
        let streams = &self.outcomes.streams;
        if streams.is_empty() {
            return "no streams\n".to_owned();
        }
        let titles = [
            ">rows",
            ">verified",
            ">foreign",
            ">between",
            ">suspect",
            "digest",
        ];
        let mut text = per_stream::table(output, &titles, streams, |found| {
            found.chain.as_ref().map(Chain::cells)
        });
        for stream in streams {
            let chain = stream.result.chain.as_ref();
            if let Some(chain) = chain.filter(|chain| chain.has_suspects()) {
                let uuid = text::short(stream.uuid.as_str(), 80);
                let title = format!("suspect rows of {uuid}");
                text.push_str(&text::listed(&title, &chain.suspect_at));
            }
        }
        if streams.iter().any(|stream| stream.result.is_between()) {
            text.push_str(
                "between: foreign rows with verified rows before and after them; their hash \
                 was changed, or they arrived late\n",
            );
        }
        if streams.iter().any(|stream| stream.result.differs()) {
            text.push_str(
                "differs: rows were changed, added or removed by another program or a fault; \
                 `restate-digest` takes them as they are\n",
            );
        }
        if streams.iter().any(|stream| !stream.result.is_digested()) {
            text.push_str(NOT_SEEN);
        }
        text
    }
}

/// What the chain can't see, and a digest does.
const NOT_SEEN: &str = "not seen without a digest: a changed provider, which is not hashed; last \
     rows that were removed\n\
     seen as foreign only: a changed ts, value or hash of the first or the last row; a changed hash \
     of the last but one; that first rows were removed\n";

impl Verified {
    /// Returns `true` if the rows differ from the stream's digest.
    fn differs(&self) -> bool {
        let chain = self.chain.as_ref();
        chain.is_some_and(|chain| chain.digest == Digest::Differs)
    }

    /// Returns `true` if the stream has a digest.
    fn is_digested(&self) -> bool {
        let chain = self.chain.as_ref();
        chain.is_some_and(|chain| chain.digest != Digest::NotKept)
    }

    /// Returns `true` if foreign rows lie between verified ones.
    fn is_between(&self) -> bool {
        self.chain
            .as_ref()
            .is_some_and(|chain| chain.foreign_between > 0)
    }
}

impl Chain {
    /// Returns `true` if a row is suspect, or foreign between verified rows, or if the rows
    /// differ from the digest.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.has_suspects() || self.foreign_between > 0 || self.digest == Digest::Differs
    }

    /// Returns `true` if a row is suspect.
    fn has_suspects(&self) -> bool {
        self.suspect > 0
    }

    /// Returns the numbers as cells of a table.
    fn cells(&self) -> Vec<Cell> {
        let suspect = text::count(self.suspect as u64);
        vec![
            right(text::count(self.rows)),
            right(text::count(self.verified)),
            right(text::count(self.foreign as u64)),
            right(text::count(self.foreign_between)),
            if self.has_suspects() {
                trouble(suspect).set_alignment(CellAlignment::Right)
            } else {
                right(suspect)
            },
            match self.digest {
                Digest::Matches => Cell::new("matches"),
                Digest::Differs => trouble("differs"),
                _ => Cell::new("not kept"),
            },
        ]
    }
}
