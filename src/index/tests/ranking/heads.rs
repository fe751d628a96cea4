//! A head of the index's own: as durable as its notes, and never in the way of them.

use super::*;
use crate::disk::{FaultKind, Storage, Survival};
use crate::segment::store_head;
use std::io::ErrorKind;

const QUERY: &str = "bababa kobaba";

fn order(index: &Index) -> Vec<String> {
    index.search(QUERY, &all(Mode::Ranked)).unwrap().hits.into_iter().map(|hit| hit.id).collect()
}

/// Notes by their lengths, as a head orders that reads nothing else.
fn by_length(index: &Index) -> Vec<String> {
    let snapshot = index.snapshot();
    let length = |id: &String| snapshot.get(id).unwrap().unwrap().text.len() as f64;
    in_order(snapshot.ids().map(|id| (id.clone(), length(&id)))).into_iter().map(|(id, _)| id).collect()
}

fn head_file(storage: &MemoryStorage) -> Option<String> {
    storage.list().unwrap().into_iter().find(|name| name.starts_with("head-"))
}

/// Names bytes in the manifest as the head of the index.
fn install(index: &Index, bytes: &[u8]) {
    let stored = index.write(|writer| {
        let file = store_head(writer.shared.storage.as_ref(), writer.manifest.index_id, writer.next_file, bytes)?;
        writer.next_file += 1;
        writer.publish_with(|manifest| manifest.head = Some(file))
    });
    stored.unwrap();
}

#[test]
fn a_head_stays_whatever_happens_to_the_notes() {
    let (index, storage) = index_of(&made(60, 41), 25);
    let rule = order(&index);
    let other = opened(&storage);
    index.install_head(&by_feature("length", 1.0)).unwrap();
    assert_ne!(by_length(&index), rule);
    assert_eq!(order(&index), by_length(&index));
    assert_eq!(order(&other), rule, "a handle elsewhere has the state it had");
    assert!(other.refresh().unwrap());
    assert_eq!(order(&other), by_length(&index));
    index.delete(&rule[0]).unwrap();
    index.compact(None).unwrap();
    assert_eq!(order(&index), by_length(&index));
    drop(index);
    let index = opened(&storage);
    assert_eq!(order(&index), by_length(&index));
    index.reencode(Fake::shared(24), None, |_, _| ()).unwrap();
    assert_eq!(order(&index), by_length(&index), "it belongs to the index, not to the encoder");
    let files = || storage.list().unwrap().iter().filter(|name| name.starts_with("head-")).count();
    index.install_head(&by_feature("length", -1.0)).unwrap();
    assert_eq!(files(), 1, "the one before is cleared away");
    assert_ne!(order(&index), by_length(&index));
    index.remove_head().unwrap();
    assert_eq!(files(), 0);
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn removing_a_head_brings_the_order_of_before_back() {
    let (index, _) = index_of(&made(60, 42), 60);
    let before = order(&index);
    index.install_head(&by_feature("length", 1.0)).unwrap();
    assert_ne!(order(&index), before);
    index.remove_head().unwrap();
    assert_eq!(order(&index), before);
    let generation = index.snapshot().generation();
    assert_eq!(index.remove_head().unwrap().generation, generation, "there was none");
}

#[test]
fn a_damaged_or_missing_head_is_named_and_does_without() {
    let (index, storage) = index_of(&made(30, 43), 30);
    let rule = order(&index);
    let does_without = |what: &str| {
        let index = opened(&storage);
        assert_eq!(order(&index), rule, "{what}");
        let stats = index.snapshot().stats();
        assert!(stats.head_unusable && stats.head.is_none_or(|head| !head.own), "{what}");
    };
    index.install_head(&by_feature("length", 1.0)).unwrap();
    drop(index);
    let name = head_file(&storage).unwrap();
    let whole = storage.map(&name).unwrap().to_vec();
    for at in (0..whole.len()).step_by(23) {
        let mut bent = whole.clone();
        bent[at] ^= 0x20;
        storage.publish(&name, &mut |out| out.write_all(&bent)).unwrap();
        does_without(&format!("byte {at}"));
        let report = Index::verify_in(&storage).unwrap();
        assert!(report.damages.iter().any(|damage| damage.file == name), "byte {at}: {report:?}");
    }
    storage.remove(&name).unwrap();
    does_without("missing");
    assert!(!Index::verify_in(&storage).unwrap().is_sound());
    // Notes are written beside it, and another head takes its place.
    let index = opened(&storage);
    index.add(Note::new("new").title("ba")).unwrap();
    index.commit().unwrap();
    assert!(index.snapshot().stats().head_unusable);
    index.install_head(&by_feature("length", -1.0)).unwrap();
    assert!(index.snapshot().stats().head.is_some_and(|head| head.own) && index.verify().unwrap().is_sound());
}

#[test]
fn a_head_is_read_once_and_not_at_every_commit() {
    let (index, storage) = index_of(&made(10, 46), 10);
    index.install_head(&by_feature("length", 1.0)).unwrap();
    let before = index.snapshot().state.head.clone().unwrap();
    storage.remove(&head_file(&storage).unwrap()).unwrap();
    index.add(Note::new("new").title("ba")).unwrap();
    index.commit().unwrap();
    assert!(Arc::ptr_eq(&before, index.snapshot().state.head.as_ref().unwrap()));
}

#[test]
fn a_head_for_other_features_is_passed_over() {
    let (index, storage) = index_of(&made(40, 44), 40);
    let rule = order(&index);
    let bytes = by_feature("length", 1.0).to_bytes().unwrap();
    let before = br#"\"schema\":"#;
    let at = bytes.windows(before.len()).position(|bytes| bytes == before).unwrap() + before.len();
    let mut other = bytes.clone();
    other[at] = b'9';
    install(&index, &other);
    assert_eq!(order(&index), rule);
    assert!(index.verify().unwrap().is_sound(), "another build can read it");
    drop(index);
    let index = opened(&storage);
    assert_eq!(order(&index), rule);
    install(&index, b"no head at all");
    assert_eq!(order(&index), rule, "searching matters more");
    let report = index.verify().unwrap();
    let name = head_file(&storage).unwrap();
    assert!(report.damages.iter().any(|damage| damage.file == name && damage.section == "weights"), "{report:?}");
    index.install_head(&by_feature("length", 1.0)).unwrap();
    assert_eq!(order(&index), by_length(&index));
    install(&index, &other);
    index.remove_head().unwrap();
    assert!(head_file(&storage).is_none());
}

#[test]
fn a_fault_at_any_step_leaves_the_head_before_or_the_new_one() {
    let notes = made(20, 45);
    let head = by_feature("length", 1.0);
    let steps = {
        let (index, storage) = index_of(&notes, 20);
        let start = storage.steps();
        index.install_head(&head).unwrap();
        storage.steps() - start
    };
    assert!(steps > 3, "{steps}");
    for step in 0..steps {
        for kind in [FaultKind::Crash, FaultKind::Error(ErrorKind::StorageFull)] {
            let (index, storage) = index_of(&notes, 20);
            let (rule, new) = (order(&index), by_length(&index));
            storage.fail_after(step, kind);
            let result = index.install_head(&head);
            let now = if result.is_ok() { &new } else { &rule };
            assert_eq!(&order(&index), now, "step {step}, {kind:?}: {result:?}");
            if kind != FaultKind::Crash {
                storage.clear_fault();
            }
            drop(index);
            for survival in [Survival::DurableOnly, Survival::Everything, Survival::Torn(step)] {
                let left = opened(&storage.crash_image(survival));
                let found = order(&left);
                assert!(found == new || (found == rule && result.is_err()), "step {step}, {kind:?}, {survival:?}");
                assert!(left.verify().unwrap().is_sound());
                left.install_head(&head).unwrap();
                assert_eq!(order(&left), new);
            }
        }
    }
}
