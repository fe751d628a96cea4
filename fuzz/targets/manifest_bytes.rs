//! Damaged and hostile manifests and feedback: parsing, re-encoding, and opening an index on a manifest.
//!
//! The first byte of the input is the mode, the rest the file. Mode bit 0 makes all checksums right first, so that what lies
//! behind them is reached.

#![no_main]

#[path = "support/reseal.rs"]
mod reseal;

use index_format::{Feedback, FileKind, FileTable, Manifest};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use uninote::disk::{MemoryStorage, Storage};
use uninote::{Index, Note};

fuzz_target!(|input: &[u8]| {
    let Some((mode, file)) = input.split_first() else { return };
    let mut file = file.to_vec();
    if mode & 1 == 1 {
        reseal::reseal(&mut file);
    }
    if let Ok(table) = FileTable::parse(&file, FileKind::Manifest) {
        let _ = table.damages(&file);
    }
    if let Ok(feedback) = Feedback::from_file(&file) {
        let again = feedback.to_file(1, 1).expect("what was read can be written");
        assert_eq!(Feedback::from_file(&again), Ok(feedback), "and read again");
        return;
    }
    let Ok(manifest) = Manifest::from_bytes(&file) else { return };
    let again = manifest.to_bytes().expect("what was read can be written");
    assert_eq!(Manifest::from_bytes(&again).as_ref(), Ok(&manifest), "and read again");
    // The built-in encoder would only cost time here.
    if manifest.encoder.name == "external" {
        // A head and feedback that are not there are named by verification only: an index opens without them.
        open(&file, manifest.head.is_none() && manifest.feedback.is_empty());
    }
});

fn open(manifest: &[u8], whole: bool) {
    let storage = Arc::new(MemoryStorage::new());
    storage.publish("manifest.uni", &mut |out| out.write_all(manifest)).expect("memory takes it");
    let _ = Index::verify_in(storage.as_ref());
    let Ok(index) = Index::open_in(storage) else { return };
    let _ = index.snapshot().stats();
    let _ = index.put(Note::new("a").title("without a vector"));
    if index.commit().is_ok() {
        assert!(index.get("a").is_ok_and(|note| note.is_some()));
        assert!(index.verify().is_ok_and(|report| report.is_sound() || !whole));
    }
}
