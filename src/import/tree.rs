//! Untyped values as YAML, TOML and JSON describe them, read under hard bounds.

use std::{cell::Cell, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Most values in one JSON line or TOML header: room for long lists and for 256 vectors of 4,096 numbers, and still a hostile
/// line cannot grow much in memory.
const MAX_NODES: u32 = 1 << 20;

/// Deepest nesting.
const MAX_DEPTH: u32 = 16;

/// A value without a field type yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// What the value is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }

    /// The text of a scalar; `None` for null, lists and maps.
    pub(super) fn into_scalar_text(self) -> Option<String> {
        match self {
            Self::Bool(flag) => Some(flag.to_string()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Float(number) => Some(number.to_string()),
            Self::Text(text) => Some(text),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nodes_left = Cell::new(MAX_NODES);
        let root = Seed { nodes_left: &nodes_left, depth: 0 };
        root.deserialize(deserializer)
    }
}

impl From<toml::Value> for Tree {
    fn from(value: toml::Value) -> Self {
        match value {
            toml::Value::String(text) => Self::Text(text),
            toml::Value::Integer(number) => Self::Integer(number),
            toml::Value::Float(number) => Self::Float(number),
            toml::Value::Boolean(flag) => Self::Bool(flag),
            toml::Value::Datetime(instant) => Self::Text(instant.to_string()),
            toml::Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            toml::Value::Table(table) => {
                Self::Map(table.into_iter().map(|(name, value)| (name, Self::from(value))).collect())
            }
        }
    }
}

/// Reads one value and charges it to the budget that all values of a document share.
#[derive(Clone, Copy)]
struct Seed<'n> {
    nodes_left: &'n Cell<u32>,
    depth: u32,
}

impl Seed<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("values are nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        let Some(left) = self.nodes_left.get().checked_sub(1) else {
            return Err(D::Error::custom(format_args!("more than {MAX_NODES} values")));
        };
        self.nodes_left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number, boolean, list or mapping")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Integer(number))
    }

    // A whole number beyond 64 signed bits is an identifier more often than a quantity: its digits
    // are kept.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Tree, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => Tree::Integer(number),
            Err(_) => Tree::Text(number.to_string()),
        })
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Tree, E> {
        Ok(Tree::Text(number.to_string()))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Tree, E> {
        Ok(Tree::Text(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Float(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let inner = self.deeper()?;
        let mut map = Vec::new();
        while let Some(key) = entries.next_key_seed(inner)? {
            let kind = key.kind();
            let Some(name) = key.into_scalar_text() else {
                return Err(A::Error::custom(format_args!("a name is {kind}")));
            };
            map.push((name, entries.next_value_seed(inner)?));
        }
        Ok(Tree::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Result<Tree, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(
            json("[1, -1, 1.5, 18446744073709551615]").unwrap(),
            Tree::List(vec![
                Tree::Integer(1),
                Tree::Integer(-1),
                Tree::Float(1.5),
                Tree::Text("18446744073709551615".into())
            ])
        );
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(json(&nested(16)).is_ok());
        let refused = json(&nested(17)).unwrap_err().to_string();
        assert!(refused.contains("deeper than 16"), "{refused}");
        let long = format!("[{}0]", "0,".repeat(MAX_NODES as usize));
        let refused = json(&long).unwrap_err().to_string();
        assert!(refused.contains(&format!("more than {MAX_NODES}")), "{refused}");
    }
}
