//! Typed field values, and their natural JSON form.

use serde::{Serialize, Serializer};

use super::time::format_millis;

/// The value of one field. The type is part of the meaning: a filter on a field works on one type.
///
/// Serialises to natural JSON: strings, arrays of strings, numbers, booleans, and a date-time as
/// an RFC 3339 string in UTC.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// One exact string, compared as a whole.
    Keyword(String),
    /// A set of exact strings.
    Tags(Vec<String>),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// An instant: milliseconds since 1970-01-01T00:00:00Z.
    DateTime(i64),
    /// True or false.
    Bool(bool),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keyword(text) => serializer.serialize_str(text),
            Self::Tags(tags) => tags.serialize(serializer),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            // An instant outside the calendar is refused by `validate`; if one is met anyway its
            // number is more use than an error.
            Self::DateTime(millis) => match format_millis(*millis) {
                Some(text) => serializer.serialize_str(&text),
                None => serializer.serialize_i64(*millis),
            },
            Self::Bool(flag) => serializer.serialize_bool(*flag),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Keyword(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Keyword(text)
    }
}

impl From<Vec<String>> for Value {
    fn from(tags: Vec<String>) -> Self {
        Self::Tags(tags)
    }
}

impl From<&[&str]> for Value {
    fn from(tags: &[&str]) -> Self {
        Self::Tags(tags.iter().map(|&tag| tag.to_owned()).collect())
    }
}

impl<const N: usize> From<[&str; N]> for Value {
    fn from(tags: [&str; N]) -> Self {
        tags.as_slice().into()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Self::Float(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_natural() {
        let values: [(Value, &str); 7] = [
            ("red".into(), r#""red""#),
            (["a", "b"].into(), r#"["a","b"]"#),
            (2021.into(), "2021"),
            (0.5.into(), "0.5"),
            (true.into(), "true"),
            (Value::DateTime(1_615_420_800_000), r#""2021-03-11T00:00:00Z""#),
            (Value::DateTime(i64::MAX), "9223372036854775807"),
        ];
        for (value, json) in values {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
    }
}
