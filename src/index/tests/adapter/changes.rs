//! Installing and removing that is refused, cancelled, or meets a fault; damage of what it leaves.

use super::*;
use crate::disk::{FaultKind, Survival};
use crate::segment::{file_name, store_adapter};
use index_format::{FileKind, Manifest};
use std::io::ErrorKind;

#[test]
fn an_adapter_of_another_encoder_or_width_is_refused_and_one_is_dropped_with_its_encoder() {
    let (index, _) = external(4);
    install(&index, &matrix(4, 0.2)).unwrap();
    put(&index, "first", &[1.0, 0.0, 0.0, 0.0]);
    index.commit().unwrap();
    let rows = Rows::from([("first".to_owned(), vec![1.0, 0.0, 0.0, 0.0])]);
    agrees(&index, &rows, &matrix(4, 0.2), "installed in an empty index");
    let wide = Adapter::from_stored(5, matrix(5, 0.0)).unwrap();
    let own = record(&index);
    let refused = index.write(|writer| writer.change_adapter(Some((wide.clone(), own.clone())), None)).unwrap_err();
    assert!(matches!(refused, Error::Vector(_)), "{refused}");
    let foreign = AdapterRecord { fingerprint: "other-1".to_owned(), ..own };
    let refused = index.write(|writer| writer.change_adapter(Some((wide, foreign)), None)).unwrap_err();
    assert!(matches!(&refused, Error::WrongAdapter { adapter, .. } if adapter == "other-1"), "{refused}");
    index.put_with_vector(Note::new("text").text("some text"), &[0.0, 1.0, 0.0, 0.0]).unwrap();
    index.reencode(Fake::shared(7), None, |_, _| ()).unwrap();
    assert!(!installed(&index));
    assert_eq!(index.search("some text", &SearchOptions::new()).unwrap().hits[0].id, "text");
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn a_cancelled_change_changes_nothing() {
    let (index, storage) = external(6);
    let mut rows = Rows::new();
    fill(&index, &mut rows, 0..40, 6);
    fill(&index, &mut rows, 40..50, 6);
    let files = storage.list().unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    let wanted = || Some((Adapter::from_stored(6, matrix(6, 0.3)).unwrap(), record(&index)));
    let stopped = index.write(|writer| writer.change_adapter(wanted(), Some(&cancel)));
    assert!(matches!(stopped, Err(Error::Cancelled)));
    assert_eq!(storage.list().unwrap(), files);
    agrees(&index, &rows, &matrix(6, 0.0), "cancelled");
    fill(&index, &mut rows, 50..60, 6);
    agrees(&index, &rows, &matrix(6, 0.0), "written to");
    install(&index, &matrix(6, 0.3)).unwrap();
    assert!(matches!(index.remove_adapter(Some(&cancel)), Err(Error::Cancelled)));
    fill(&index, &mut rows, 60..70, 6);
    agrees(&index, &rows, &matrix(6, 0.3), "not removed");
    assert!(index.verify().unwrap().is_sound());
}

/// An index with two segments and a deleted note; with an adapter where it is one to be removed.
fn prepared(removes: bool) -> (Index, MemoryStorage, Rows) {
    let storage = MemoryStorage::new();
    let index = Index::create_in(Arc::new(storage.clone()), IndexOptions::new().external_vectors(5)).unwrap();
    let mut rows = Rows::new();
    fill(&index, &mut rows, 0..20, 5);
    if removes {
        install(&index, &matrix(5, 0.3)).unwrap();
    }
    fill(&index, &mut rows, 20..35, 5);
    index.delete("n0004").unwrap();
    index.commit().unwrap();
    rows.remove("n0004");
    (index, storage, rows)
}

#[test]
fn a_fault_at_any_step_leaves_one_state_or_the_other() {
    for removes in [false, true] {
        let change = |index: &Index| {
            if removes { index.remove_adapter(None) } else { install(index, &matrix(5, 0.3)) }
        };
        let as_it_is = |index: &Index, rows: &Rows, what: &str| {
            let chance = if installed(index) { 0.3 } else { 0.0 };
            agrees(index, rows, &matrix(5, chance), what);
        };
        let (index, storage, _) = prepared(removes);
        let start = storage.steps();
        change(&index).unwrap();
        let steps = storage.steps() - start;
        assert!(steps > 5, "{steps}");
        for step in 0..steps {
            for kind in [FaultKind::Crash, FaultKind::Error(ErrorKind::StorageFull)] {
                let (index, storage, mut rows) = prepared(removes);
                storage.fail_after(step, kind);
                let result = change(&index);
                let what = format!("removes: {removes}, step {step}, {kind:?}: {result:?}");
                assert_eq!(installed(&index), result.is_ok() != removes, "{what}");
                as_it_is(&index, &rows, &what);
                for survival in [Survival::DurableOnly, Survival::Everything, Survival::Torn(step)] {
                    let left = Index::open_in(Arc::new(storage.crash_image(survival))).unwrap();
                    assert!(result.is_err() || installed(&left) != removes, "{what}: what was committed stays");
                    as_it_is(&left, &rows, &what);
                    assert!(left.verify().unwrap().is_sound(), "{what}");
                }
                storage.clear_fault();
                if !matches!(index.commit(), Err(Error::Poisoned { .. })) {
                    fill(&index, &mut rows, 50..55, 5);
                    as_it_is(&index, &rows, &what);
                    change(&index).unwrap();
                    as_it_is(&index, &rows, &what);
                }
            }
        }
    }
}

#[test]
fn damage_of_an_adapter_and_of_what_it_fits_is_named() {
    let (index, storage, _) = prepared(true);
    drop(index);
    let name = storage.list().unwrap().into_iter().find(|name| name.starts_with("adapter-")).unwrap();
    let sound = storage.map(&name).unwrap().to_vec();
    let publish = |name: &str, bytes: &[u8]| storage.publish(name, &mut |out| out.write_all(bytes)).unwrap();
    let refused = || {
        let error = Index::open_in(Arc::new(storage.clone())).unwrap_err();
        let report = Index::verify_in(&storage).unwrap();
        let Error::Damaged { file, .. } = error else { panic!("{error}") };
        assert!(report.damages.iter().any(|damage| damage.file == file), "{file}: {report:?}");
        file
    };
    for at in (0..sound.len()).step_by(7) {
        let mut bent = sound.clone();
        bent[at] ^= 4;
        publish(&name, &bent);
        assert_eq!(refused(), name, "byte {at}");
    }
    storage.remove(&name).unwrap();
    let report = Index::verify_in(&storage).unwrap();
    assert_eq!((report.damages.len(), &report.damages[0].file), (1, &name), "{report:?}");
    publish(&name, &sound);
    let manifest = Manifest::from_bytes(&storage.map("manifest.uni").unwrap()).unwrap();
    let bend = |bend: &dyn Fn(&mut Manifest)| {
        let mut bent = manifest.clone();
        bend(&mut bent);
        publish("manifest.uni", &bent.to_bytes().unwrap());
        let file = refused();
        publish("manifest.uni", &manifest.to_bytes().unwrap());
        file
    };
    assert!(bend(&|manifest| manifest.adapter = None).starts_with("segment-"));
    let record = |fingerprint: &str| AdapterRecord {
        encoder: "external".to_owned(),
        fingerprint: fingerprint.to_owned(),
        made_ms: 0,
        made_with: String::new(),
    };
    for (number, width, fingerprint) in [(90, 5, "other-5"), (91, 6, "external-5"), (92, 5, "external-5")] {
        let other = Adapter::from_stored(width, matrix(width, 0.0)).unwrap();
        let file = store_adapter(&storage, manifest.index_id, number, (&other, &record(fingerprint))).unwrap();
        let named = bend(&|manifest| {
            manifest.next_file = 100;
            manifest.adapter = Some(file.clone());
        });
        // The last one fits the encoder, and no segment names it.
        assert!(named.starts_with(if number == 92 { "segment-" } else { "adapter-" }), "{number}: {named}");
    }
    assert!(Index::verify_in(&storage).unwrap().is_sound());
}

#[test]
fn a_repair_without_the_adapter_goes_back_to_what_the_encoder_gave_and_says_so() {
    let (index, storage) = external(6);
    let mut rows = Rows::new();
    fill(&index, &mut rows, 0..40, 6);
    install(&index, &matrix(6, 0.4)).unwrap();
    let name =
        index.snapshot().state.manifest.adapter.as_ref().map(|file| file_name(FileKind::Adapter, file.id)).unwrap();
    storage.remove(&name).unwrap();
    let target = Arc::new(MemoryStorage::new());
    let report = Index::repair_in(storage.as_ref(), target.clone(), None).unwrap();
    assert_eq!((report.saved, report.reencoded, report.lost.len()), (40, 0, 1), "{report:?}");
    assert!(report.lost[0].file == name && report.lost[0].why.contains("adapter"), "{report:?}");
    let saved = Index::open_in(target).unwrap();
    assert!(saved.verify().unwrap().is_sound() && !installed(&saved));
    agrees(&saved, &rows, &matrix(6, 0.0), "repaired");
}
