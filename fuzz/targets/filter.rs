//! Any text as a filter: an error that says where, or a filter that is read back as it is written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uninote::fields::{Filter, FilterError};

fuzz_target!(|text: &str| {
    match Filter::parse(text) {
        Ok(filter) => {
            let written = filter.to_string();
            let again = Filter::parse(&written).expect("what is written can be read");
            assert_eq!(again, filter, "{written:?}");
        }
        Err(FilterError::Syntax { column, .. }) => assert!((1..=text.chars().count() + 1).contains(&column)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
