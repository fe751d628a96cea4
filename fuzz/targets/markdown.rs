//! Any bytes as a Markdown file: a note or a typed error, and what the note says lies in the bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uninote::import::markdown;
use uninote::note::PassageBudget;
use uninote::note::passage::split;

fuzz_target!(|bytes: &[u8]| {
    let parsed = match markdown::parse(bytes, "folder/note.md") {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let source = std::str::from_utf8(bytes).expect("other bytes are refused");
    let lines = source.lines().count() as u64 + 1;
    assert!(source.ends_with(&parsed.note.text), "the text is the file without what stands before it");
    assert!(parsed.image_links.iter().all(|link| (1..=lines).contains(&link.line)), "{:?}", parsed.image_links);
    assert!(parsed.warnings.iter().all(|remark| (1..=lines).contains(&remark.line)), "{:?}", parsed.warnings);
    let _ = parsed.note.validate();
    let mut end = 0;
    for passage in split(&parsed.note.text, PassageBudget { tokens: 40, ..PassageBudget::default() }) {
        let text = passage.of(&parsed.note.text).expect("passages lie between characters");
        assert!(!text.trim().is_empty() && passage.end > end, "passages move on");
        end = passage.end;
    }
});
