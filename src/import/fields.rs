//! Untyped values into the typed fields of a note.

use std::collections::BTreeMap;

use super::tree::Tree;
use crate::note::{MAX_FIELD_NAME_BYTES, Value, time::parse_millis};

/// Mappings nested deeper than this are left out.
const MAX_NESTED_NAMES: usize = 8;

/// Which strings become date-times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dates {
    /// Every string that is a date: YAML and TOML have dates of their own, or nearly.
    Anywhere,
    /// Only under `created`, `date` and names that end in `_at`: in JSON a date is a convention.
    ByName,
}

/// A type that a source gives a field by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldType {
    Keyword,
    Tags,
    Integer,
    Float,
    DateTime,
    Bool,
}

impl FieldType {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "keyword" => Self::Keyword,
            "tags" => Self::Tags,
            "integer" => Self::Integer,
            "float" => Self::Float,
            "datetime" => Self::DateTime,
            "bool" => Self::Bool,
            _ => return None,
        })
    }

    /// The value of this type; nothing for what cannot be one.
    fn value(self, tree: Tree) -> Option<Value> {
        Some(match (self, tree) {
            (Self::Keyword, tree) => Value::Keyword(tree.into_scalar_text()?),
            (Self::Tags, Tree::List(items)) => {
                Value::Tags(items.into_iter().map(Tree::into_scalar_text).collect::<Option<_>>()?)
            }
            (Self::Integer, Tree::Integer(number)) => Value::Integer(number),
            (Self::Float, Tree::Integer(number)) => Value::Float(number as f64),
            (Self::Float, Tree::Float(number)) if number.is_finite() => Value::Float(number),
            (Self::DateTime, Tree::Integer(millis)) => Value::DateTime(millis),
            (Self::DateTime, Tree::Text(text)) => Value::DateTime(parse_millis(&text)?),
            (Self::Bool, Tree::Bool(flag)) => Value::Bool(flag),
            _ => return None,
        })
    }
}

/// Gathers fields, and what had to be left out.
#[derive(Debug)]
pub(super) struct FieldSink {
    pub(super) fields: BTreeMap<String, Value>,
    pub(super) left_out: Vec<String>,
    dates: Dates,
}

impl FieldSink {
    pub(super) fn new(dates: Dates) -> Self {
        Self { fields: BTreeMap::new(), left_out: Vec::new(), dates }
    }

    /// Adds one named value: strings become keywords or date-times, numbers and booleans
    /// themselves, lists of scalars tags, and mappings one field an entry, `outer.inner`. Null and
    /// empty lists are nothing. A string under `tags` is a list written with commas.
    pub(super) fn add(&mut self, name: String, tree: Tree) {
        self.add_nested(name, tree, 0);
    }

    /// Adds one named value of a type that is known.
    pub(super) fn add_typed(&mut self, name: String, tree: Tree, kind: FieldType) {
        let found = tree.kind();
        match kind.value(tree) {
            Some(value) => self.keep(name, value),
            None => self.leave_out(&name, &format!("is {found}, which cannot be of the type that field_types says")),
        }
    }

    fn add_nested(&mut self, name: String, tree: Tree, depth: usize) {
        let value = match tree {
            Tree::Null => return,
            Tree::Map(entries) if depth < MAX_NESTED_NAMES => {
                for (inner, tree) in entries {
                    self.add_nested(format!("{name}.{inner}"), tree, depth + 1);
                }
                return;
            }
            Tree::Map(_) => {
                let why = format!("is nested deeper than {MAX_NESTED_NAMES} names");
                return self.leave_out(&name, &why);
            }
            Tree::List(items) => match tags(items) {
                Ok(tags) if tags.is_empty() => return,
                Ok(tags) => Value::Tags(tags),
                Err(kind) => {
                    let why = format!("is a list that holds {kind}; only scalars make tags");
                    return self.leave_out(&name, &why);
                }
            },
            Tree::Bool(flag) => Value::Bool(flag),
            Tree::Integer(number) => Value::Integer(number),
            Tree::Float(number) if number.is_finite() => Value::Float(number),
            Tree::Float(number) => {
                return self.leave_out(&name, &format!("is {number}; use a finite number"));
            }
            Tree::Text(text) if name == "tags" => {
                let tags: Vec<String> = text.split(',').filter_map(tag).collect();
                if tags.is_empty() {
                    return;
                }
                Value::Tags(tags)
            }
            Tree::Text(text) => match self.date(&name, &text) {
                Some(millis) => Value::DateTime(millis),
                None => Value::Keyword(text),
            },
        };
        self.keep(name, value);
    }

    fn keep(&mut self, name: String, value: Value) {
        let bytes = name.len();
        if bytes == 0 || bytes > MAX_FIELD_NAME_BYTES || name.chars().any(char::is_control) {
            let why =
                format!("has a name of {bytes} bytes; use 1 to {MAX_FIELD_NAME_BYTES} without control characters");
            return self.leave_out(&name, &why);
        }
        self.fields.insert(name, value);
    }

    fn date(&self, name: &str, text: &str) -> Option<i64> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let named = matches!(last, "created" | "date") || last.ends_with("_at");
        (named || self.dates == Dates::Anywhere).then(|| parse_millis(text)).flatten()
    }

    fn leave_out(&mut self, name: &str, why: &str) {
        let name: String = name.chars().take(64).collect();
        self.left_out.push(format!("field {name:?} {why}; it was left out"));
    }
}

/// The scalars of a list as tags, or what else it holds.
fn tags(items: Vec<Tree>) -> Result<Vec<String>, &'static str> {
    let mut tags = Vec::new();
    for item in items {
        let kind = item.kind();
        match item {
            Tree::Null => {}
            item => tags.extend(tag(&item.into_scalar_text().ok_or(kind)?)),
        }
    }
    Ok(tags)
}

fn tag(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sunk(json: &str, dates: Dates) -> FieldSink {
        let mut sink = FieldSink::new(dates);
        let Tree::Map(entries) = serde_json::from_str(json).unwrap() else {
            panic!("an object");
        };
        for (name, tree) in entries {
            sink.add(name, tree);
        }
        sink
    }

    #[test]
    fn every_shape_finds_its_type() {
        let sink = sunk(
            r#"{"k": "red", "n": 3, "f": 0.5, "b": true, "none": null, "empty": [],
                "tags": "a, b,,", "list": ["x", 2, null, " "], "map": {"in": {"ner": 1}},
                "date": "2021-03-11", "read_at": "2021-03-11T00:00:00Z", "due": "2021-03-11"}"#,
            Dates::ByName,
        );
        let day = Value::DateTime(1_615_420_800_000);
        let expected: [(&str, Value); 10] = [
            ("b", true.into()),
            ("date", day.clone()),
            ("due", "2021-03-11".into()),
            ("f", 0.5.into()),
            ("k", "red".into()),
            ("list", ["x", "2"].into()),
            ("map.in.ner", 1.into()),
            ("n", 3.into()),
            ("read_at", day),
            ("tags", ["a", "b"].into()),
        ];
        let found: Vec<_> = sink.fields.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
        assert_eq!(found, expected);
        assert!(sink.left_out.is_empty());
    }

    #[test]
    fn dates_anywhere() {
        let sink = sunk(r#"{"due": "2021-03-11"}"#, Dates::Anywhere);
        assert_eq!(sink.fields["due"], Value::DateTime(1_615_420_800_000));
    }

    #[test]
    fn what_has_no_type_is_left_out_with_a_reason() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(10), "}".repeat(10));
        for (json, reason) in [
            (r#"{"x": [{"y": 1}]}"#, "holds an object"),
            (r#"{"x": [[1]]}"#, "holds a list"),
            (r#"{"": 1}"#, "0 bytes"),
            (r#"{"a\nb": 1}"#, "control characters"),
            (deep.as_str(), "nested deeper"),
        ] {
            let sink = sunk(json, Dates::ByName);
            assert!(sink.fields.is_empty(), "{json}");
            assert!(sink.left_out[0].contains(reason), "{:?}", sink.left_out);
        }
    }
}
