//! Any bytes as a line of JSON Lines: a note with an id or a typed error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uninote::Value;
use uninote::import::Parsed;
use uninote::import::jsonl::{self, Besides};

fuzz_target!(|bytes: &[u8]| {
    match jsonl::parse_line(bytes, 7) {
        Ok(parsed) => {
            assert!(parsed.image_links.iter().all(|link| link.line == 7));
            assert!(parsed.warnings.iter().all(|remark| remark.line == 7));
            let finite = |value: &Value| !matches!(value, Value::Float(number) if !number.is_finite());
            assert!(parsed.note.fields.values().all(finite));
            let _ = parsed.note.validate();
            written_and_read_again(&parsed);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// What was read is written so that it is read again as it is. Numbers too large for a vector have no form in JSON.
fn written_and_read_again(parsed: &Parsed) {
    let vectors = parsed.note.vectors.values().flatten().chain(&parsed.vector);
    if vectors.flatten().all(|number| number.is_finite()) {
        let besides = Besides::new(Vec::new(), parsed.vector.clone());
        let line = jsonl::write_line(&parsed.note, &besides);
        let again = jsonl::parse_line(line.as_bytes(), 7).expect("a line that was written");
        assert_eq!((&again.note, &again.vector), (&parsed.note, &parsed.vector), "{line}");
    }
}
