//! Evaluations: settings, widths, a given index, baselines, cancellation.

use super::notes;
use crate::error::Error;
use crate::eval::{Collection, EvalError, Evaluation, Interval, Judgments, Metric, Report, Returned, Run, Setting};
use crate::index::Index;
use crate::query::{Cancel, Mode};

fn collection() -> Collection {
    let judged = "q1\tsoup\t2\nq1\ttax\t0\nq2\tbike\t1\nq3\tmoon\t1\nq3\tgone\t1\n";
    let judgments = Judgments::parse(judged.as_bytes(), "judged").unwrap();
    let collection = Collection::new("small", notes(), judgments);
    collection.query("q1", "vegetable dinner").query("q2", "flat bicycle tire").query("q3", "lunar cycle")
}

#[test]
fn what_is_reported_is_what_a_search_returns() {
    let (index, collection) = (Index::in_memory().unwrap(), collection());
    notes().into_iter().for_each(|note| index.add(note).unwrap());
    index.commit().unwrap();
    let built = Evaluation::new(&collection).run(|_| ()).unwrap();
    let given = Evaluation::new(&collection).index(&index).run(|_| ()).unwrap();
    for report in [&built, &given] {
        let [system] = report.systems.as_slice() else { panic!("one system") };
        let hits = index.search("lunar cycle", &Setting::default().options(100)).unwrap().hits;
        let returned = system.run.of("q3");
        assert_eq!(returned.len(), 4);
        assert!(hits.iter().zip(returned).all(|(hit, returned)| hit.id == returned.id && hit.score == returned.score));
        assert_eq!((report.facts.notes, report.facts.absent), (4, 1));
        assert_eq!(system.values(Metric::Recall10), [1.0, 1.0, 0.5]);
        assert_eq!(system.recall_by_rank[9], system.interval(Metric::Recall10).mean);
        let latency = system.latency.unwrap();
        assert!(latency.queries == 3 && latency.p50 <= latency.p95 && latency.p95 <= latency.p99);
    }
    assert_eq!(built.systems[0].run, given.systems[0].run);
}

#[test]
fn a_width_is_an_encoder_of_that_width() {
    let collection = collection();
    let widths = [Setting::new(Mode::Dense), Setting::new(Mode::Dense).width(32), Setting::new(Mode::Dense).width(256)];
    let evaluation = widths.into_iter().fold(Evaluation::new(&collection), Evaluation::setting);
    let report = evaluation.run(|_| ()).unwrap();
    let names: Vec<&str> = report.systems.iter().map(|system| system.name.as_str()).collect();
    assert_eq!(names, ["dense", "dense 32", "dense 256"], "in the order that was asked for");
    let [whole, narrow, all] = report.systems.as_slice() else { panic!("three systems") };
    assert_eq!(whole.run.of("q1"), all.run.of("q1"), "256 is all there is");
    // The score of a note in 32 dimensions is the cosine of the first 32 components, worked out here by itself.
    let encoder = crate::encode::builtin::Builtin::shared();
    let score = |id: &str, list: &[Returned]| list.iter().find(|returned| returned.id == id).unwrap().score;
    let encoded = |role, text: &str| {
        let parts = [crate::encode::Part::Text(text)];
        let vectors = crate::encode::Encoder::encode(encoder.as_ref(), role, &[crate::encode::Input { parts: &parts }]);
        crate::vector::prefix_unit(vectors.unwrap().row(0), 32)
    };
    let bare = Collection::new("bare", vec![crate::note::Note::new("only").text("Roast the tomatoes")], {
        Judgments::parse(b"q\tonly\t1\n", "judged").unwrap()
    });
    let bare = bare.query("q", "vegetables");
    let report = Evaluation::new(&bare).setting(Setting::new(Mode::Dense).width(32)).run(|_| ()).unwrap();
    let query = encoded(crate::encode::Role::Query, "vegetables");
    let note = encoded(crate::encode::Role::Document, "Roast the tomatoes");
    let expected: f32 = query.iter().zip(&note).map(|(a, b)| a * b).sum();
    let found = score("only", report.systems[0].run.of("q"));
    assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
    assert_ne!(score("soup", whole.run.of("q1")), score("soup", narrow.run.of("q1")));
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let collection = collection();
    let refused = |evaluation: Evaluation<'_>| evaluation.run(|_| ()).unwrap_err().to_string();
    let wide = |width: usize| Evaluation::new(&collection).setting(Setting::new(Mode::Dense).width(width));
    assert!(refused(wide(257)).contains("the width is 257; the encoder has 1 to 256"), "{}", refused(wide(257)));
    assert!(refused(wide(0)).contains("the width is 0"));
    let index = Index::in_memory().unwrap();
    assert!(refused(wide(64).index(&index)).contains("leave out the width, or the index"));
    let nothing = Collection::new("nothing", notes(), Judgments::new());
    assert!(matches!(Evaluation::new(&nothing).run(|_| ()), Err(EvalError::NothingJudged { .. })));
    let empty = Collection::new("empty", Vec::new(), Judgments::parse(b"q\tn\t1\n", "judged").unwrap()).query("q", "x");
    assert!(matches!(Evaluation::new(&empty).run(|_| ()), Err(EvalError::Empty { .. })));
}

#[test]
fn cancelling_ends_it() {
    let (collection, cancel) = (collection(), Cancel::new());
    let evaluation = Evaluation::new(&collection).cancel(&cancel);
    let ended = evaluation.run(|at| {
        if at.doing.starts_with("searching") {
            cancel.cancel()
        }
    });
    assert!(matches!(ended, Err(EvalError::Index(Error::Cancelled))));
    assert!(matches!(evaluation.run(|_| ()), Err(EvalError::Index(Error::Cancelled))));
}

#[test]
fn a_baseline_is_what_all_are_compared_with() {
    let collection = collection();
    let mut baseline = Run::new("other system");
    baseline.insert("q1", vec![Returned { id: "tax".to_owned(), score: 1.0 }]);
    baseline.insert("q2", vec![Returned { id: "bike".to_owned(), score: 1.0 }]);
    let report = Evaluation::new(&collection).baseline(baseline).run(|_| ()).unwrap();
    let names: Vec<&str> = report.systems.iter().map(|system| system.name.as_str()).collect();
    assert_eq!(names, ["other system", "auto"]);
    assert_eq!(report.systems[0].unanswered, 1);
    let difference = report.difference(1, Metric::Mrr10).unwrap();
    assert_eq!((difference.better, difference.worse), (2, 0));
    assert!((difference.interval.mean - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(report.difference(0, Metric::Mrr10), None);
}

#[test]
fn a_difference_is_found_where_there_is_one_and_not_where_there_is_none() {
    // Two hundred queries, each with one relevant note: a system finds it first or not at all.
    let mut judgments = Judgments::new();
    let mut runs = ["a", "same", "better"].map(Run::new);
    let mut random = fastrand::Rng::with_seed(5);
    for number in 0..200 {
        let query = format!("q{number:03}");
        judgments.insert(&query, "right", 1.0);
        let first = random.f64() < 0.4;
        let found = [first, first, first || random.f64() < 0.2];
        for (run, found) in runs.iter_mut().zip(found) {
            let id = if found { "right" } else { "wrong" };
            run.insert(&query, vec![Returned { id: id.to_owned(), score: 1.0 }]);
        }
    }
    let report = Report::of_runs("made", &judgments, runs.to_vec()).unwrap();
    let of = |system: usize| report.difference(system, Metric::Ndcg10).unwrap().interval;
    assert_eq!(of(1), Interval::default());
    assert!(of(2).low > 0.0 && of(2).excludes_zero(), "{:?}", of(2));
    let again = Report::of_runs("made", &judgments, runs.to_vec()).unwrap();
    assert_eq!(report, again, "the same numbers every time");
}

#[test]
fn names_tell_settings_apart() {
    let setting = Setting::new(Mode::Fused);
    assert_eq!(setting.name(), "fused");
    assert_eq!(setting.width(64).name(), "fused 64");
    assert_eq!(setting.recall(1.0).name(), "fused exact");
    assert_eq!(setting.width(64).recall(0.9).name(), "fused 64 recall 0.9");
}
