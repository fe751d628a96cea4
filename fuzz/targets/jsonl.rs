//! Any bytes as a line of JSON Lines: a note with an id or a typed error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uninote::Value;
use uninote::import::jsonl;

fuzz_target!(|bytes: &[u8]| {
    match jsonl::parse_line(bytes, 7) {
        Ok(parsed) => {
            assert!(parsed.image_links.iter().all(|link| link.line == 7));
            assert!(parsed.warnings.iter().all(|remark| remark.line == 7));
            let finite = |value: &Value| !matches!(value, Value::Float(number) if !number.is_finite());
            assert!(parsed.note.fields.values().all(finite));
            let _ = parsed.note.validate();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
