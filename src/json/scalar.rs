//! Parts of the server's JSON: objects, text, numbers that may be text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::num::IntErrorKind;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::error::{Error, Result, excerpt};
use crate::model::time::Timestamp;
use crate::model::time_unit::TimeUnit;
use crate::model::value;

/// A `T` that is read from a JSON object alone. What serde derives for `T` accepts an
/// array as well, and takes its elements for the fields in their order.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Reads a field that the JSON has, null or not.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Returns the error about a number with the number as `json`, an object, has it in `field`:
/// one of more than 64 bits was read as another that is near it.
#[cold]
pub(super) fn as_sent(mut error: Error, json: &[u8], field: &str) -> Error {
    let fields = serde_json::from_slice::<HashMap<Cow<'_, str>, &RawValue>>(json);
    let sent = fields.ok().and_then(|fields| fields.get(field).copied());
    if let (Error::InvalidValue { text, .. } | Error::InvalidTimestamp { text, .. }, Some(sent)) =
        (&mut error, sent.filter(|sent| !sent.get().starts_with('"')))
    {
        *text = excerpt(sent.get());
    }
    error
}

/// Text, borrowed from the JSON if it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A number, or text that should be one.
pub(super) enum Scalar<'a> {
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or text that is one")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Integer(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(number).map_or(Scalar::Real(number as f64), Scalar::Integer))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Real(number))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl Scalar<'_> {
    /// Reads it as an instant, a number as one of `unit`.
    pub(super) fn timestamp(&self, unit: TimeUnit) -> Result<Timestamp> {
        match self {
            Scalar::Integer(number) => Timestamp::from_integer_in(*number, unit),
            Scalar::Real(number) => Timestamp::from_real_in(*number, unit),
            Scalar::Text(text) => Timestamp::parse_in(text, unit),
        }
    }

    /// Reads it as a value.
    pub(super) fn value(&self) -> Result<f64> {
        match self {
            Scalar::Integer(number) => Ok(*number as f64),
            Scalar::Real(number) => value::finite(*number),
            Scalar::Text(text) => value::parse(text),
        }
    }

    /// Reads it as the server's number for a stream.
    pub(super) fn id(&self) -> Result<i64> {
        let refused = |text, reason| Err(Error::InvalidValue { text, reason });
        let whole = "a stream's id is a whole number";
        let range = "a stream's id is out of range: it has 64 bits";
        match self {
            Scalar::Integer(number) => Ok(*number),
            // Below 2^53 every whole number has a double of its own.
            Scalar::Real(number)
                if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 =>
            {
                Ok(*number as i64)
            }
            Scalar::Real(number) if number.fract() == 0.0 => refused(number.to_string(), range),
            Scalar::Real(number) => refused(number.to_string(), whole),
            Scalar::Text(text) => match text.trim().parse::<i64>() {
                Ok(number) => Ok(number),
                Err(error) => match error.kind() {
                    IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
                        refused(excerpt(text), range)
                    }
                    _ => refused(excerpt(text), whole),
                },
            },
        }
    }
}
