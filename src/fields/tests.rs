//! Filters against a reader that looks at every note, and what is said of those that are none.

use super::filter::{Check, End, Literal, Node};
use super::*;
use crate::note::{Note, Value};
use index_format::ColumnsBuilder;
use index_format::columns::Columns;
use index_format::{FieldValue, Record};
use proptest::prelude::*;

fn record(note: &Note) -> Record {
    let value = |value: &Value| match value {
        Value::Keyword(word) => FieldValue::Keyword(word.clone()),
        Value::Tags(tags) => FieldValue::Tags(tags.clone()),
        Value::Integer(number) => FieldValue::Integer(*number),
        Value::Float(number) => FieldValue::Float(*number),
        Value::DateTime(millis) => FieldValue::DateTime(*millis),
        Value::Bool(flag) => FieldValue::Bool(*flag),
    };
    Record {
        id: note.id.clone(),
        title: String::new(),
        text: String::new(),
        pictures: Vec::new(),
        fields: note.fields.iter().map(|(name, known)| (name.clone(), value(known))).collect(),
        created_ms: note.created,
        content_hash: [0; 16],
    }
}

fn columns(notes: &[Note]) -> Columns {
    let mut builder = ColumnsBuilder::default();
    notes.iter().for_each(|note| builder.add(&record(note)));
    builder.finish()
}

/// What the notes say of a filter, note by note.
fn naive(node: &Node, note: &Note) -> bool {
    match node {
        Node::And(nodes) => nodes.iter().all(|node| naive(node, note)),
        Node::Or(nodes) => nodes.iter().any(|node| naive(node, note)),
        Node::Not(inner) => !naive(inner, note),
        Node::Test(test) => {
            let created = note.created.map(Value::DateTime);
            let value = match test.field.as_str() {
                "created" => created.as_ref(),
                field => note.fields.get(field),
            };
            value.is_some_and(|value| one(&test.check, value))
        }
    }
}

fn one(check: &Check, value: &Value) -> bool {
    if let Value::Tags(tags) = value {
        return tags.iter().any(|tag| one(check, &Value::Keyword(tag.clone())));
    }
    let equal = |literal: &Literal| below(value, literal, true) && above(value, literal, true);
    let low = |end: &Option<End>| end.as_ref().is_none_or(|end| above(value, &end.literal, end.inside));
    let high = |end: &Option<End>| end.as_ref().is_none_or(|end| below(value, &end.literal, end.inside));
    match check {
        Check::Exists => true,
        Check::Prefix(prefix) => matches!(value, Value::Keyword(word) if word.starts_with(prefix.as_str())),
        Check::OneOf(literals) => literals.iter().any(equal),
        Check::Range { low: least, high: most } => low(least) && high(most),
    }
}

/// Whether a value is above a literal.
fn above(value: &Value, literal: &Literal, inside: bool) -> bool {
    match (value, literal) {
        (Value::DateTime(at), Literal::Date(span)) => *at >= if inside { span.start } else { span.end },
        (Value::DateTime(at), Literal::Integer(year)) => {
            date::Span::year(*year).is_some_and(|span| *at >= if inside { span.start } else { span.end })
        }
        _ => ordered(value, literal).is_some_and(|order| order.is_gt() || (inside && order.is_eq())),
    }
}

fn below(value: &Value, literal: &Literal, inside: bool) -> bool {
    match (value, literal) {
        (Value::DateTime(at), Literal::Date(span)) => *at < if inside { span.end } else { span.start },
        (Value::DateTime(at), Literal::Integer(year)) => {
            date::Span::year(*year).is_some_and(|span| *at < if inside { span.end } else { span.start })
        }
        _ => ordered(value, literal).is_some_and(|order| order.is_lt() || (inside && order.is_eq())),
    }
}

fn ordered(value: &Value, literal: &Literal) -> Option<std::cmp::Ordering> {
    match (value, literal) {
        (Value::Keyword(word), Literal::Text(text)) => Some(word.as_str().cmp(text)),
        (Value::Bool(flag), Literal::Bool(other)) => Some(flag.cmp(other)),
        (Value::Integer(number), Literal::Integer(other)) => Some(number.cmp(other)),
        (Value::Integer(number), Literal::Float(other)) => (*number as f64).partial_cmp(other),
        (Value::Float(number), Literal::Integer(other)) => number.partial_cmp(&(*other as f64)),
        (Value::Float(number), Literal::Float(other)) => number.partial_cmp(other),
        _ => None,
    }
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ab]{0,2}".prop_map(Value::Keyword),
        proptest::collection::vec("[ab]{0,2}", 0..4).prop_map(Value::Tags),
        (-3_i64..4).prop_map(Value::Integer),
        prop_oneof![Just(i64::MAX), Just(i64::MIN)].prop_map(Value::Integer),
        prop_oneof![(-6_i32..7).prop_map(|half| f64::from(half) / 2.0), Just(1e300), Just(-1e300)]
            .prop_map(Value::Float),
        (0_i64..4).prop_map(|quarter| Value::DateTime(1_577_836_800_000 + quarter * 15_811_200_000)),
        any::<bool>().prop_map(Value::Bool),
    ]
}

fn notes() -> impl Strategy<Value = Vec<Note>> {
    let fields = proptest::collection::btree_map("[xyz]", values(), 0..3);
    let created = proptest::option::of(1_577_836_800_000_i64..1_640_995_200_000);
    let note = (fields, created).prop_map(|(fields, created)| {
        let mut note = Note::new("n");
        (note.fields, note.created) = (fields, created);
        note
    });
    proptest::collection::vec(note, 0..150)
}

fn tests_of_one() -> impl Strategy<Value = Filter> {
    let name = || prop_oneof![Just("x"), Just("y"), Just("z"), Just("created")];
    prop_oneof![
        (name(), values()).prop_map(|(name, value)| Filter::field(name).equals(value)),
        (name(), proptest::collection::vec(values(), 0..3))
            .prop_map(|(name, values)| Filter::field(name).is_in(values)),
        (name(), values()).prop_map(|(name, value)| Filter::field(name).at_least(value)),
        (name(), values()).prop_map(|(name, value)| Filter::field(name).above(value)),
        (name(), values()).prop_map(|(name, value)| Filter::field(name).at_most(value)),
        (name(), values()).prop_map(|(name, value)| Filter::field(name).below(value)),
        (name(), values(), values()).prop_map(|(name, low, high)| Filter::field(name).between(low, high)),
        (name(), "[ab]{0,2}").prop_map(|(name, prefix)| Filter::field(name).starts_with(prefix)),
        name().prop_map(|name| Filter::field(name).exists()),
        (name(), 2019_i64..2023).prop_map(|(name, year)| Filter::field(name).at_least(year)),
    ]
}

fn filters() -> impl Strategy<Value = Filter> {
    tests_of_one().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| left.and(right)),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| left.or(right)),
            inner.prop_map(|inner| !inner),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_filter_lets_through_what_a_reader_of_every_note_would(notes in notes(), filter in filters()) {
        let columns = columns(&notes);
        let view = columns.view();
        let found = evaluate::of_node(&filter.0, &view, None).unwrap();
        let expected: Vec<u32> = (0..).zip(&notes).filter(|(_, note)| naive(&filter.0, note)).map(|(at, _)| at).collect();
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        prop_assert_eq!(found.count(), found.iter().count());
        let again = Filter::parse(&filter.to_string()).unwrap();
        prop_assert_eq!(evaluate::of_node(&again.0, &view, None).unwrap(), found, "{}", filter);
    }

    #[test]
    fn a_filter_is_read_back_as_it_is_written(filter in filters()) {
        let text = filter.to_string();
        let again = Filter::parse(&text);
        prop_assert!(again.is_ok(), "{}: {:?}", text, again);
        let again = again.unwrap();
        // A list of one value and of no tags are written as what they mean.
        prop_assert_eq!(again.to_string(), text);
    }

    #[test]
    fn any_text_is_a_filter_or_an_error_that_says_where(text in "\\PC{0,40}|[a-c=<>!()\"' ,.0-9-]{0,30}") {
        if let Err(FilterError::Syntax { column, .. }) = Filter::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&column), "{text:?}: {column}");
        }
    }

    #[test]
    fn values_are_counted_as_a_reader_of_every_note_would(notes in notes()) {
        let columns = columns(&notes);
        let mut counts = std::collections::BTreeMap::new();
        facets(&columns.view(), "x", &Bitmap::all(notes.len() as u32), &mut counts).unwrap();
        let mut expected: Vec<(String, u64)> = Vec::new();
        for note in &notes {
            let values = match note.fields.get("x") {
                Some(Value::Tags(tags)) => {
                    let tags: std::collections::BTreeSet<_> = tags.iter().cloned().collect();
                    tags.into_iter().map(Value::Keyword).collect()
                }
                value => value.cloned().into_iter().collect::<Vec<_>>(),
            };
            for value in values {
                let value = format!("{value:?}").replace("-0.0", "0.0");
                match expected.iter_mut().find(|(known, _)| *known == value) {
                    Some((_, count)) => *count += 1,
                    None => expected.push((value, 1)),
                }
            }
        }
        expected.sort();
        let mut found: Vec<(String, u64)> = Vec::new();
        for (key, count) in counts {
            let value = format!("{:?}", key.value());
            // A word and a tag of the same letters are one value to a reader.
            match found.iter_mut().find(|(known, _)| *known == value) {
                Some((_, known)) => *known += count,
                None => found.push((value, count)),
            }
        }
        found.sort();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn errors_point_at_the_column_and_say_what_would_be_right() {
    let wrong = |text: &str| Filter::parse(text).unwrap_err().to_string();
    assert_eq!(wrong("year >"), "filter, column 7: expected a value, found the end");
    assert_eq!(wrong("yéar = 1 and"), "filter, column 13: expected the name of a field, `not` or `(`, found the end");
    assert_eq!(wrong("(year = 1"), "filter, column 10: expected `)`, `and` or `or`, found the end");
    assert_eq!(wrong("year = 1 genre = a"), "filter, column 10: expected `and`, `or` or the end, found `genre`");
    assert_eq!(wrong("name = \"open"), "filter, column 8: expected a closing quote, found none");
    assert_eq!(wrong("year in 1990"), "filter, column 13: expected `..`, found the end");
    assert!(wrong("year is 5").starts_with("filter, column 6: expected `=`, `!=`"), "{}", wrong("year is 5"));
    assert!(wrong(&"(".repeat(100)).contains("too many levels"));
    assert!(wrong(&format!("x in ({})", "1,".repeat(2_000) + "1")).contains("too many values"));
    assert!(wrong(&"a".repeat(70_000)).contains("too many bytes"));
}

#[test]
fn words_numbers_dates_and_quotes_mean_what_they_look_like() {
    let parsed = |text: &str| Filter::parse(text).unwrap();
    let field = Filter::field;
    assert_eq!(parsed("a = 1"), field("a").equals(1));
    assert_eq!(parsed("a == -1.5e3"), field("a").equals(-1500.0));
    assert_eq!(parsed("a = true"), field("a").equals(true));
    assert_eq!(parsed("a = 'true'"), field("a").equals("true"));
    assert_eq!(parsed("a = inf"), field("a").equals("inf"));
    assert_eq!(parsed("a != science-fiction"), !field("a").equals("science-fiction"));
    assert_eq!(parsed(r#""odd name" = "say \"it\"""#), field("odd name").equals("say \"it\""));
    assert_eq!(parsed("a in 1..2"), field("a").between(1, 2));
    assert_eq!(parsed("a IN (x, \"y z\")"), field("a").is_in(["x", "y z"]));
    assert_eq!(parsed("NOT a exists"), !field("a").exists());
    let three = || field("a").equals(1).or(field("b").equals(2).and(field("c").equals(3)));
    assert_eq!(parsed("a = 1 or b = 2 and c = 3"), three());
    assert_eq!(parsed("a = 1 or (b = 2 and c = 3)"), three());
    assert_eq!(parsed("d = 2021-03-11T00:00:00Z"), field("d").equals(Value::DateTime(1_615_420_800_000)));
}

#[test]
fn unknown_fields_and_other_kinds_are_named() {
    let notes =
        [Note::new("a").field("year", 2021).field("genre", ["drama"]).created(5), Note::new("b").field("seen", true)];
    let columns = columns(&notes);
    let said =
        |text: &str| check(&Filter::parse(text).unwrap(), &[columns.view()]).unwrap().map(|wrong| wrong.to_string());
    assert_eq!(said("year > 5 and not genre = drama and seen = false and created >= 1970 and id = a"), None);
    let unknown = said("year > 5 and gerne = drama").unwrap();
    assert_eq!(unknown, "filter, column 14: no note has a field \"gerne\"; did you mean \"genre\"?");
    assert_eq!(
        said("zzzzz exists").unwrap(),
        "filter, column 1: no note has a field \"zzzzz\"; there are genre, seen, year"
    );
    assert_eq!(
        said("year = high").unwrap(),
        "filter, column 1: the field \"year\" holds integer, and was compared with a word"
    );
    let quoted = said("genre = 5").unwrap();
    assert!(quoted.contains("holds tags") && quoted.contains("put quotes around"), "{quoted}");
    assert!(said("seen > 3").is_some() && said("created = 5.5").is_some() && said("id > x").is_some());
    assert!(said("year ^= x").is_some());
    assert_eq!(check(&Filter::parse("nowhere = 1").unwrap(), &[]), Ok(None), "nothing is known where there is no note");
}
