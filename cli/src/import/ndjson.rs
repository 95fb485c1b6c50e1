//! NDJSON: the server's payloads, which may name a provider.

use satori_store::Format;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use super::part::{Fault, Part, Payloads};
use super::source::Source;
use crate::failure::Failure;
use crate::files::{Input, Piece};

/// What `ingest` doesn't read of a payload.
#[derive(Deserialize)]
struct Provided {
    #[serde(default)]
    provider: Value,
}

/// Passes the payloads to `each`: those in a row that name one provider, of 4 MiB at most.
pub(super) fn read(
    source: &Source,
    each: &mut dyn FnMut(Part) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let input = Input::over(&source.name, source.open()?);
    let mut goes_on = true;
    input.pieces(|_, piece| {
        for part in parts(&piece) {
            goes_on = goes_on && each(part)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Cuts a piece where the provider changes.
fn parts(piece: &Piece<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut provider = None;
    let (mut begin, mut line, mut read) = (0, piece.first_line, 0);
    let mut first_line = line;
    let mut values = Deserializer::from_slice(piece.json).into_iter::<&RawValue>();
    // What is no JSON, `ingest` reports.
    while let Some(Ok(value)) = values.next() {
        let start = values.byte_offset() - value.get().len();
        let lines = piece.json[read..start].iter();
        line += lines.filter(|&&byte| byte == b'\n').count();
        read = start;
        let next = match provider_of(value) {
            Ok(next) => next,
            Err(reason) => {
                parts.push(Part::Fault(Fault::new(line as u64, reason)));
                None
            }
        };
        if begin < start && next != provider {
            let json = &piece.json[begin..start];
            parts.push(payloads(json, piece, first_line, provider));
            (begin, first_line) = (start, line);
        }
        provider = next;
    }
    parts.push(payloads(&piece.json[begin..], piece, first_line, provider));
    parts
}

/// Returns these payloads of a piece.
fn payloads(json: &[u8], piece: &Piece<'_>, first_line: usize, provider: Option<String>) -> Part {
    Part::Payloads(Payloads {
        json: json.to_vec(),
        format: match first_line == piece.first_line {
            true => piece.format,
            false => Format::NdJson,
        },
        first_line,
        provider,
    })
}

/// Returns the provider that a payload names, or an array of payloads; `None` if it names none,
/// or is neither.
///
/// # Errors
/// Why it can't be read.
fn provider_of(value: &RawValue) -> Result<Option<String>, String> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'{') => {}
        Some(b'[') => {
            let payloads: Vec<&RawValue> =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            let mut providers = payloads.into_iter().map(provider_of);
            let first = providers.next().unwrap_or(Ok(None))?;
            return match providers.all(|other| other.as_ref() == Ok(&first)) {
                true => Ok(first),
                false => Err(
                    "the payloads of an array name several providers; write one payload a line"
                        .to_owned(),
                ),
            };
        }
        _ => return Ok(None),
    }
    let Provided { provider } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match provider {
        Value::String(provider) if provider.is_empty() => Ok(None),
        Value::String(provider) => Ok(Some(provider)),
        Value::Null => Ok(None),
        _ => Err("the provider is no text".to_owned()),
    }
}
