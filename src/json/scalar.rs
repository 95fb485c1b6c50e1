//! Parts of the server's JSON: objects, text, numbers that may be text.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::num::IntErrorKind;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Unexpected, Visitor};
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

/// Text, borrowed from the JSON if it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A number, or text that should be one.
pub(super) enum Scalar<'a> {
    /// The number as the JSON spells it: a double would lose digits of an instant.
    Number(&'a str),
    Text(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let refused = |found| {
            let expected = &"a number, or text that is one";
            Err(D::Error::invalid_type(found, expected))
        };
        match json.as_bytes().first() {
            Some(b'"') => match serde_json::from_str(json) {
                Ok(Text(text)) => Ok(Scalar::Text(text)),
                // Its position would be counted from the text's start.
                Err(_) => Err(D::Error::custom("an escape that stands for no character")),
            },
            Some(b'{') => refused(Unexpected::Map),
            Some(b'[') => refused(Unexpected::Seq),
            Some(b't') => refused(Unexpected::Bool(true)),
            Some(b'f') => refused(Unexpected::Bool(false)),
            Some(b'n') => refused(Unexpected::Unit),
            _ => Ok(Scalar::Number(json)),
        }
    }
}

impl Scalar<'_> {
    fn as_str(&self) -> &str {
        match self {
            Scalar::Number(text) => text,
            Scalar::Text(text) => text,
        }
    }

    /// Reads it as an instant that can be stored, a number as one of `unit`.
    pub(super) fn timestamp(&self, unit: TimeUnit) -> Result<Timestamp> {
        let ts = Timestamp::parse_in(self.as_str(), unit)?;
        // Here it refuses this payload, later it would refuse the batch.
        ts.to_seconds().map_err(|mut error| {
            if let Error::InvalidTimestamp { text, .. } = &mut error {
                *text = excerpt(self.as_str());
            }
            error
        })?;
        Ok(ts)
    }

    /// Reads it as a value.
    pub(super) fn value(&self) -> Result<f64> {
        value::parse(self.as_str())
    }

    /// Reads it as the server's number for a stream.
    pub(super) fn id(&self) -> Result<i64> {
        let refused = |text, reason| Err(Error::InvalidValue { text, reason });
        let whole = "a stream's id is a whole number";
        let range = "a stream's id is out of range: it has 64 bits";
        let text = self.as_str().trim();
        let error = match text.parse::<i64>() {
            Ok(number) => return Ok(number),
            Err(error) => error,
        };
        if let Scalar::Number(_) = self
            && let Ok(number) = text.parse::<f64>()
            && number.fract() == 0.0
        {
            // Below 2^53 every whole number has a double of its own.
            return match number.abs() < 9_007_199_254_740_992.0 {
                true => Ok(number as i64),
                false => refused(excerpt(text), range),
            };
        }
        match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => refused(excerpt(text), range),
            _ => refused(excerpt(text), whole),
        }
    }
}
