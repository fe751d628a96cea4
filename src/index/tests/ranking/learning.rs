//! Heads that an index trains: taken over where they are better, and only there.

use super::*;
use crate::error::Error;
use crate::index::Judged;
use crate::index::train::decides;
use crate::note::Picture;
use crate::rank::RankError;

/// As many queries, of two words each.
fn queries(count: usize) -> Vec<String> {
    let mut draw = Draw(77);
    (0..count).map(|number| format!("{} {}", word(number), text(&mut draw, 1))).collect()
}

fn stars(note: &Note) -> f32 {
    match note.fields["stars"] {
        crate::note::Value::Integer(stars) => stars as f32,
        _ => f32::NAN,
    }
}

/// Each query with grades that a function of the note gives.
fn judged(notes: &[Note], mut grade: impl FnMut(&Note) -> f32) -> Vec<Judged> {
    let grades = |grade: &mut dyn FnMut(&Note) -> f32| -> Vec<(String, f32)> {
        notes.iter().map(|note| (note.id.clone(), grade(note))).collect()
    };
    queries(90).into_iter().map(|query| Judged::new(query, grades(&mut grade))).collect()
}

fn deciding(judged: &[Judged]) -> usize {
    judged.iter().filter(|judged| decides(&judged.query)).count()
}

fn ndcg(index: &Index, grade: impl Fn(&Note) -> f32) -> f64 {
    let of_one = |query: String| {
        let hits = index.search(query, &SearchOptions::new()).unwrap().hits;
        let gains = hits.iter().map(|hit| f64::from(grade(&index.get(&hit.id).unwrap().unwrap())));
        gains.zip(2..).map(|(gain, place)| gain / f64::from(place).log2()).sum::<f64>()
    };
    queries(20).into_iter().map(of_one).sum::<f64>() / 20.0
}

#[test]
fn a_head_learns_what_decides_and_the_same_seed_learns_the_same() {
    let notes = made(12, 61);
    let good = |note: &Note| f32::from(stars(note) > 70.0);
    let options = TrainOptions::new().field("stars").data("made up").seed(5);
    let trained = || {
        let (index, storage) = index_of(&notes, 5);
        let before = ndcg(&index, good);
        index.add(Note::new("dark").title("jojo").picture(Picture::path("/nowhere.png")).field("stars", 1)).unwrap();
        let report = index.train(&judged(&notes, good), &options, None).unwrap();
        (index, storage, report, before)
    };
    let (index, storage, report, before) = trained();
    assert!(report.installed && report.verdict.passes(), "{}", report.verdict.words());
    assert!(report.verdict.new.mean > 0.9 && report.verdict.new.mean > report.verdict.present.mean + 0.1, "{report:?}");
    let after = ndcg(&index, good);
    assert!(after > 1.3 * before, "{before} to {after}");
    // The report is complete: both stages with their settings and seeds, what was held out, what was of no use.
    assert_eq!((report.stages.len(), report.unused, report.verdict.seed), (2, 0, 5));
    assert_eq!(report.verdict.held_out.len(), deciding(&judged(&notes, good)));
    assert_eq!(index.commit().unwrap().skipped.len(), 1, "what was left out of notes is not forgotten over training");
    for stage in &report.stages {
        assert!(stage.best().is_some() && !stage.split.train.is_empty() && !stage.split.held_out.is_empty());
        assert!(serde_json::to_string(stage).unwrap().contains("\"seed\":5"));
    }
    let (again, _, same, _) = trained();
    assert_eq!(same, report);
    let order = |index: &Index| index.search("bababa", &all(Mode::Ranked)).unwrap().hits;
    assert_eq!(order(&again), order(&index));
    // What it learned is in the index, with how it came about; a further training starts from it, whatever fields it asks for.
    drop(index);
    let index = opened(&storage);
    assert_eq!(order(&again), order(&index));
    let about = index.snapshot().state.head().unwrap().about().clone();
    assert_eq!((about.data.as_slice(), about.stages.len()), (&["made up".to_owned()][..], 2));
    let further = index.train(&judged(&notes, good), &TrainOptions::new(), None).unwrap();
    assert!(!further.installed, "as good as it gets: {}", further.verdict.words());
    assert_eq!(order(&again), order(&index));
}

#[test]
fn noise_and_nothing_are_refused() {
    let notes = made(12, 62);
    let (index, storage) = index_of(&notes, 12);
    let mut draw = Draw(5);
    let order = |index: &Index| index.search("bababa", &all(Mode::Ranked)).unwrap().hits;
    let before = order(&index);
    let report = index.train(&judged(&notes, |_| f32::from(draw.below(6) == 0)), &TrainOptions::new(), None).unwrap();
    assert!(!report.installed, "{}", report.verdict.words());
    assert_eq!(order(&index), before);
    assert!(storage.list().unwrap().iter().all(|name| !name.starts_with("head-")));
    let nothing = [judged(&notes, |_| 1.0), Vec::new(), vec![Judged::new("bababa", [("not there", 1.0)])]];
    for judged in nothing {
        let refused = index.train(&judged, &TrainOptions::new(), None).unwrap_err();
        assert!(matches!(refused, Error::Rank(RankError::NothingToLearn { .. })), "{refused}");
    }
    let few: Vec<Judged> = judged(&notes, |note| f32::from(stars(note) > 70.0)).into_iter().take(12).collect();
    let report = index.train(&few, &TrainOptions::new().field("stars"), None).unwrap();
    assert!(!report.installed && report.verdict.words().contains("not enough"), "{}", report.verdict.words());
    assert!(index.train(&few, &TrainOptions::new().field("stars").field("stars"), None).is_err());
}

/// Readers who look at places ever less, and choose by `likes`.
fn read(index: &Index, seed: u64, mut likes: impl FnMut(&Note, &mut Draw) -> bool) {
    let mut draw = Draw(seed);
    for query in queries(90).iter().cycle().take(360) {
        let hits = index.search(query.as_str(), &SearchOptions::new().k(12)).unwrap().hits;
        let shown: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
        let mut chosen = Vec::new();
        for (place, id) in shown.iter().enumerate() {
            let note = index.get(id).unwrap().unwrap();
            if draw.below(place + 1) == 0 && likes(&note, &mut draw) {
                chosen.push(id.clone());
            }
        }
        index.feedback(query.as_str(), &shown, &chosen).unwrap();
    }
}

#[test]
fn what_readers_prefer_is_learned_and_what_they_choose_at_random_is_not() {
    let notes = made(12, 63);
    let options = TrainOptions::new().field("stars");
    let (index, _) = index_of(&notes, 12);
    let good = |note: &Note| f32::from(stars(note) > 70.0);
    let before = ndcg(&index, good);
    read(&index, 1, |note, _| stars(note) > 70.0);
    let report = index.train_on_feedback(&options, None).unwrap();
    assert!(report.installed, "{}", report.verdict.words());
    let after = ndcg(&index, good);
    assert!(after > 1.1 * before, "{before} to {after}");
    let (index, _) = index_of(&notes, 12);
    read(&index, 2, |_, draw| draw.below(3) == 0);
    let report = index.train_on_feedback(&options, None).unwrap();
    assert!(!report.installed, "{}", report.verdict.words());
}

#[test]
fn no_training_learns_from_what_another_is_judged_by() {
    let all = queries(1_000);
    let held_out: Vec<bool> = all.iter().map(|query| decides(&Query::text(query.as_str()))).collect();
    let share = held_out.iter().filter(|decides| **decides).count();
    assert!((250..350).contains(&share), "{share} of 1,000");
    // The same whatever the weights and the order of terms, and what is left out.
    for (query, decided) in all.iter().zip(&held_out) {
        let twice = Query::text(query.as_str()).and("soup");
        assert_eq!(decides(&twice), decides(&Query::text("soup").and(query.as_str())));
        assert_eq!(decides(&Query::text(query.as_str()).weight(2.0)), *decided);
    }
    // Other seeds and other queries beside it: every query stays on its side.
    let notes = made(24, 64);
    let (index, _) = index_of(&notes, 24);
    let all: Vec<Judged> = judged(&notes, |note| f32::from(stars(note) > 70.0)).into_iter().take(40).collect();
    let side = |judged: &[Judged], seed: u64| -> Vec<String> {
        let options = TrainOptions::new().seed(seed);
        let report = index.train(judged, &options, None).unwrap();
        report.verdict.held_out.iter().map(|number| format!("{:?}", judged[*number].query)).collect()
    };
    let (first, mut second) = (side(&all[1..], 1), side(&all, 2));
    second.retain(|query| *query != format!("{:?}", all[0].query));
    assert_eq!(first, second);
}

#[test]
fn grades_that_make_no_sense_count_nothing() {
    let (index, _) = index_of(&made(10, 65), 10);
    index.delete("n0003").unwrap();
    index.commit().unwrap();
    let grades = [("n0000", 1.0), ("n0001", -2.0), ("n0003", 4.0), ("never", 4.0), ("n0002", 3.0)];
    let query = || Query::similar("n0002").and("bababa");
    let lists = index.snapshot().lists(&[Judged::new(query(), grades)], &[], 0).unwrap();
    let [list] = lists.as_slice() else { panic!("{lists:?}") };
    let mut positive: Vec<f32> = list.grades.iter().chain(&list.unretrieved).copied().filter(|&g| g != 0.0).collect();
    positive.sort_unstable_by(f32::total_cmp);
    assert_eq!(positive, [1.0], "deleted, unknown and left out: none of them can be found");
    assert!(list.grades.iter().all(|grade| *grade >= 0.0));
}

#[test]
fn a_query_is_left_out_for_its_own_fault_and_for_no_other() {
    let (index, storage) = index_of(&made(10, 66), 10);
    let judged = |query: Query| [Judged::new(query, [("n0000", 1.0)])];
    let lists = |index: &Index, query: Query| index.snapshot().lists(&judged(query), &[], 0);
    for query in [Query::similar("nobody"), Query::vector(vec![1.0; 3]), Query::similar_in("n0000", "taste")] {
        assert!(lists(&index, query).unwrap().is_empty());
    }
    drop(index);
    let index = Index::open_in_without_encoder(Arc::new(storage)).unwrap();
    let query = || Query::text("bababa");
    assert!(matches!(lists(&index, query()), Err(Error::EncoderAbsent { .. })));
    assert!(matches!(index.train(&judged(query()), &TrainOptions::new(), None), Err(Error::EncoderAbsent { .. })));
    assert!(matches!(
        index.train_adapter(&judged(query()), &TrainOptions::new(), None),
        Err(Error::EncoderAbsent { .. })
    ));
}
