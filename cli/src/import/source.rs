//! The files of an import: those that were named, and those in folders that were named.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::args::FileFormat;
use crate::export::METADATA;
use crate::failure::Failure;
use crate::files;
use crate::text;

/// A file to be imported. It can be read more than once.
pub(super) struct Source {
    /// The name in messages.
    pub(super) name: String,
    pub(super) kind: Kind,
    from: From,
}

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The stream objects of `sync`.
    Metadata,
    Rows(FileFormat),
}

enum From {
    Path(PathBuf),
    /// A copy of what can be read only once.
    Copy(File),
}

/// Returns the files, those of each folder in the order of their names, its metadata first.
pub(super) fn find(
    paths: &[PathBuf],
    db: &Path,
    format: Option<FileFormat>,
) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = in_folder(path, format).map_err(|error| unreadable(path, error))?;
            files.extend(found.iter().map(|(path, _)| path.clone()));
            sources.extend(found.into_iter().map(|(path, kind)| Source {
                name: text::place(&path),
                kind,
                from: From::Path(path),
            }));
        } else {
            files.push(path.clone());
            sources.push(Source::new(path, format)?);
        }
    }
    files::check(&files, db)?;
    for source in &mut sources {
        source.keep()?;
    }
    Ok(sources)
}

/// Returns the files in a folder whose names say what they are.
fn in_folder(folder: &Path, format: Option<FileFormat>) -> io::Result<Vec<(PathBuf, Kind)>> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let path = file.path();
        // An export that was killed leaves a hidden one.
        let is_hidden = file.file_name().to_string_lossy().starts_with('.');
        if is_hidden || !path.is_file() {
            continue;
        }
        if let Some(kind) = kind(&path, None)
            && (kind == Kind::Metadata || format.is_none_or(|format| kind == Kind::Rows(format)))
        {
            found.push((path, kind));
        }
    }
    found.sort_by(|(one, kind), (other, other_kind)| {
        let is_rows = |kind: &Kind| *kind != Kind::Metadata;
        (is_rows(kind), one).cmp(&(is_rows(other_kind), other))
    });
    Ok(found)
}

/// Returns what a file holds, by its name, unless the format is given.
fn kind(path: &Path, format: Option<FileFormat>) -> Option<Kind> {
    if let Some(format) = format {
        return Some(Kind::Rows(format));
    }
    if path.file_name().is_some_and(|name| name == METADATA) {
        return Some(Kind::Metadata);
    }
    FileFormat::of(path).map(Kind::Rows)
}

impl Source {
    fn new(path: &Path, format: Option<FileFormat>) -> Result<Self, Failure> {
        let name = match path == Path::new("-") {
            true => "standard input".to_owned(),
            false => text::place(path),
        };
        let Some(kind) = kind(path, format) else {
            return Err(Failure::UnknownFormat { file: name });
        };
        Ok(Self {
            name,
            kind,
            from: From::Path(path.to_owned()),
        })
    }

    /// Copies what can be read only once, such as a pipe.
    fn keep(&mut self) -> Result<(), Failure> {
        let From::Path(path) = &self.from else {
            return Ok(());
        };
        let is_input = path == Path::new("-");
        if !is_input && !files::is_live(path) {
            return Ok(());
        }
        let copy = || {
            let mut copy = tempfile::tempfile()?;
            match is_input {
                true => io::copy(&mut io::stdin().lock(), &mut copy)?,
                false => io::copy(&mut File::open(path)?, &mut copy)?,
            };
            copy.flush()?;
            Ok(copy)
        };
        let copy = copy().map_err(|error| self.unreadable(error))?;
        self.from = From::Copy(copy);
        Ok(())
    }

    /// Opens the file at its start.
    pub(super) fn open(&self) -> Result<File, Failure> {
        let open = || match &self.from {
            From::Path(path) => File::open(path),
            From::Copy(file) => {
                let mut file = file.try_clone()?;
                file.rewind()?;
                Ok(file)
            }
        };
        open().map_err(|error| self.unreadable(error))
    }

    /// Reads the whole file.
    pub(super) fn whole(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let read = self.open()?.read_to_end(&mut bytes);
        read.map_err(|error| self.unreadable(error))?;
        Ok(bytes)
    }

    /// Returns what the place of a row in the file counts.
    pub(super) fn place(&self) -> &'static str {
        match self.kind {
            Kind::Rows(FileFormat::Parquet | FileFormat::Arrow) => "row",
            _ => "line",
        }
    }

    pub(super) fn unreadable(&self, error: io::Error) -> Failure {
        Failure::Read {
            file: self.name.clone(),
            error,
        }
    }

    /// Returns the failure of a file that is not what it should be.
    pub(super) fn refused(&self, reason: impl Into<String>) -> Failure {
        Failure::Refused {
            file: self.name.clone(),
            reason: reason.into(),
        }
    }
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::Read {
        file: text::place(path),
        error,
    }
}
