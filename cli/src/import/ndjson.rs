//! NDJSON: the server's payloads, which may name a provider.

use serde::Deserialize;
use serde_json::Value;

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

/// Passes the payloads to `each`: lines in a row that name one provider, of 4 MiB at most.
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
    let mut payloads = Payloads {
        json: Vec::new(),
        format: piece.format,
        first_line: piece.first_line,
        provider: None,
    };
    let mut has_named = false;
    let lines = piece.json.split_inclusive(|&byte| byte == b'\n');
    for (line, json) in (piece.first_line..).zip(lines) {
        // A line of a payload that goes on over several is none by itself.
        if let Ok(Provided { provider }) = serde_json::from_slice(json) {
            let provider = match provider {
                Value::String(provider) if provider.is_empty() => None,
                Value::String(provider) => Some(provider),
                Value::Null => None,
                _ => {
                    let reason = "the provider is no text";
                    parts.push(Part::Fault(Fault::new(line as u64, reason)));
                    None
                }
            };
            if has_named && provider != payloads.provider {
                let before = std::mem::replace(
                    &mut payloads,
                    Payloads {
                        json: Vec::new(),
                        format: satori_store::Format::NdJson,
                        first_line: line,
                        provider: None,
                    },
                );
                parts.push(Part::Payloads(before));
            }
            has_named = true;
            payloads.provider = provider;
        }
        payloads.json.extend_from_slice(json);
    }
    parts.push(Part::Payloads(payloads));
    parts
}
