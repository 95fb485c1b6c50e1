//! `satori-store check`: what is wrong with a store or worth knowing, and what to do.

use std::collections::HashMap;

use satori_store::{
    Error, Finding, FindingKind, Location, Severity, Store, StreamUuid, Timestamp, sqlite_info,
};
use serde::Serialize;

use crate::args::{self, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::select::{self, Selected};
use crate::text::{self, counted};

#[derive(Serialize)]
struct Report {
    /// The number of streams whose rows were read.
    streams: usize,
    /// The version that has read a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlite: Option<&'static str>,
    findings: Vec<Finding>,
    /// What the text calls a stream.
    #[serde(skip)]
    labels: HashMap<StreamUuid, String>,
}

/// Runs the command.
pub(crate) fn run(args: &args::Check, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let store = global.read(&args.db)?;
    let is_file = Location::from(args.db.as_path()).path().is_some();
    let mut report = Report {
        streams: 0,
        sqlite: is_file.then(|| sqlite_info().version),
        findings: Vec::new(),
        labels: HashMap::new(),
    };
    if args.stream.is_none() {
        let since = Timestamp::now().before(args.stale_after);
        report.findings = store.check_file(Some(since))?;
    }
    match select::one_or_all(&store, args.stream.as_deref(), output) {
        Ok(streams) => {
            let store = match args.quick {
                true => store,
                false => select::checked(store, &streams)?,
            };
            report.check(&store, streams, args.quick)?;
        }
        // Where the file is damaged even the list may be unreadable.
        Err(failure) if report.worst() < Severity::Damage => return Err(failure),
        Err(_) => {}
    }
    // The worst first; the streams of each kind together.
    let order = |found: &Finding| (std::cmp::Reverse(found.kind.severity()), found.kind as u8);
    report.findings.sort_by_key(order);
    output.report(&report, || report.text(output))?;
    Ok(match report.worst() {
        Severity::Note => Exit::Done,
        Severity::Damage => Exit::Damaged,
        _ => Exit::Refused,
    })
}

/// Returns the kind in words, as its name in JSON has them.
fn name(kind: FindingKind) -> String {
    let name = serde_json::to_value(kind).unwrap_or_default();
    name.as_str().unwrap_or_default().replace('_', " ")
}

impl Report {
    /// Checks the streams, unless only their names are wanted.
    fn check(&mut self, store: &Store, streams: Vec<Selected>, quick: bool) -> Result<(), Failure> {
        let progress = Progress::each(streams.len());
        for stream in streams {
            if !quick {
                progress.turn_to(&stream.label());
                match store.check_stream(&stream.uuid) {
                    // Another program has removed it.
                    Err(Error::StreamNotFound { .. }) if !stream.is_named => {
                        progress.advance();
                        continue;
                    }
                    found => self.findings.extend(found?),
                }
                self.streams += 1;
                progress.advance();
            }
            let label = text::short(&stream.label(), 80);
            self.labels.insert(stream.uuid, label);
        }
        Ok(())
    }

    /// Returns the severity of the worst finding.
    fn worst(&self) -> Severity {
        let severities = self.findings.iter().map(|found| found.kind.severity());
        severities.max().unwrap_or(Severity::Note)
    }

    /// Returns the report for people.
    fn text(&self, output: &Output) -> String {
        let mut text = String::new();
        for findings in self.findings.chunk_by(|one, other| one.kind == other.kind) {
            let kind = findings[0].kind;
            let severity = match kind.severity() {
                Severity::Note => "note",
                Severity::Warning => "warning",
                _ => "damage",
            };
            let severity = output.strong(severity);
            match findings {
                [found] => text.push_str(&format!("{severity}: {}\n", self.line(found))),
                several => {
                    let number = text::count(several.len() as u64);
                    let title = format!("{severity}: {}, {number} times", name(kind));
                    let lines: Vec<_> = several.iter().map(|found| self.line(found)).collect();
                    text.push_str(text::listed(&title, &lines).trim_start());
                }
            }
            text.push_str(&format!("  {}\n", kind.advice()));
        }
        let number = |severity| {
            let of_it = |found: &&Finding| found.kind.severity() == severity;
            self.findings.iter().filter(of_it).count() as u64
        };
        text.push_str(&format!(
            "{} checked{}: {} of damage, {}, {}\n",
            counted(self.streams as u64, "stream"),
            self.sqlite
                .map_or(String::new(), |version| format!(" with SQLite {version}")),
            counted(number(Severity::Damage), "finding"),
            counted(number(Severity::Warning), "warning"),
            counted(number(Severity::Note), "note"),
        ));
        text
    }

    /// Returns a finding as a line.
    fn line(&self, found: &Finding) -> String {
        let message = text::plain(&found.message);
        match &found.stream {
            None => message,
            Some(uuid) => match self.labels.get(uuid) {
                Some(label) => format!("{label}: {message}"),
                None => format!("{:?}: {message}", text::short(uuid.as_str(), 80)),
            },
        }
    }
}
