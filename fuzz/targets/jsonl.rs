//! Any bytes as a line of JSON Lines: a note with an id or a typed error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uninote::Value;
use uninote::import::jsonl::{self, Besides};

fuzz_target!(|bytes: &[u8]| {
    match jsonl::parse_line(bytes, 7) {
        Ok(parsed) => {
            assert!(parsed.image_links.iter().all(|link| link.line == 7));
            assert!(parsed.warnings.iter().all(|remark| remark.line == 7));
            let finite = |value: &Value| !matches!(value, Value::Float(number) if !number.is_finite());
            assert!(parsed.note.fields.values().all(finite));
            let _ = parsed.note.validate();
            // What was read is written so that it is read again as it is.
            let besides = Besides::new(Vec::new(), parsed.vector.clone());
            let again = jsonl::parse_line(jsonl::write_line(&parsed.note, &besides).as_bytes(), 7).expect("a line");
            let number = |vector: &Option<Vec<f32>>| vector.iter().flatten().all(|number| number.is_finite());
            let numbers = parsed.note.vectors.values().flatten().flatten().all(|number| number.is_finite());
            if numbers && number(&parsed.vector) && parsed.note.vectors.values().all(|vectors| vectors.iter().all(|vector| !vector.is_empty())) {
                assert_eq!(again.note, parsed.note);
                assert_eq!(again.vector, parsed.vector);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
