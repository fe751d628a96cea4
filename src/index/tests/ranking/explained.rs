//! How a hit came to its place.

use super::*;

fn with(mode: Mode) -> SearchOptions {
    all(mode).k(260).explain(true)
}

#[test]
fn places_and_words_are_what_the_other_modes_say() {
    let notes = made(300, 31);
    let (index, _) = index_of(&notes, 120);
    index.install_head(&by_feature("length", 0.1)).unwrap();
    let query = "bababa kobaba duko";
    let place = |mode: Mode| {
        let answer = index.search(query, &all(mode)).unwrap();
        answer.hits.into_iter().enumerate().map(|(place, hit)| (hit.id, (place, hit.score))).collect::<BTreeMap<_, _>>()
    };
    let (dense, lexical, fused) = (place(Mode::Dense), place(Mode::Lexical), place(Mode::Fused));
    let answer = index.search(query, &with(Mode::Ranked)).unwrap();
    let mut pool = 0;
    for hit in &answer.hits {
        let why = hit.explanation.as_ref().unwrap();
        let found = lexical.get(&hit.id);
        assert!((why.bm25 - found.map_or(0.0, |found| found.1)).abs() < 1e-4, "{hit:?}");
        assert_eq!(why.coverage > 0.0, found.is_some());
        if let Some(place) = why.fused {
            pool += 1;
            assert_eq!(place, fused[&hit.id].0);
            assert_eq!(why.dense, Some(dense[&hit.id].0).filter(|place| *place < 100), "{hit:?}");
            // Equals may be left out of the hundred by words.
            let cut = found.is_some_and(|found| found.0 >= 90);
            assert!(cut || why.lexical == found.map(|found| found.0), "{hit:?}");
        } else {
            assert_eq!((why.dense, why.lexical, why.features.len()), (None, None, 0));
        }
    }
    assert!((100..=200).contains(&pool), "{pool}");
    for mode in [Mode::Dense, Mode::Lexical] {
        let answer = index.search(query, &with(mode).after("7.7f000000.zz".parse().unwrap())).unwrap();
        let first = answer.hits[0].explanation.as_ref().unwrap();
        let place = if mode == Mode::Dense { first.dense } else { first.lexical };
        assert_eq!(place, Some(7), "places go on from page to page");
    }
}

#[test]
fn what_the_features_add_is_the_score() {
    let notes = made(95, 32);
    let (index, _) = index_of(&notes, 95);
    index.install_head(&by_feature("lexical", 0.7)).unwrap();
    let answer = index.search("bababa kobaba", &with(Mode::Ranked)).unwrap();
    let mut different = 0;
    for hit in &answer.hits {
        let why = hit.explanation.as_ref().unwrap();
        assert_eq!(why.features.len(), 1);
        let feature = &why.features[0];
        assert_eq!((feature.name.as_str(), feature.value), ("lexical", Some(why.bm25)));
        let sum = f64::from(why.baseline) + f64::from(feature.contribution);
        let score = f64::from(hit.score);
        let logit = (score / (1.0 - score)).ln();
        assert!((sum - logit).abs() < 1e-4, "{sum} for {logit}: {why:?}");
        different += usize::from(feature.contribution.abs() > 0.01);
    }
    assert!(different > 20);
}

#[test]
fn nothing_is_explained_unless_asked_for_and_explaining_changes_nothing() {
    let notes = made(250, 33);
    let (index, _) = index_of(&notes, 250);
    index.install_head(&by_feature("coverage", 1.0)).unwrap();
    for mode in [Mode::Dense, Mode::Lexical, Mode::Fused, Mode::Ranked] {
        let plain = index.search("bababa kobaba", &all(mode).k(230)).unwrap();
        let mut explained = index.search("bababa kobaba", &with(mode).k(230)).unwrap();
        assert!(plain.hits.iter().all(|hit| hit.explanation.is_none()));
        for hit in &mut explained.hits {
            assert!(hit.explanation.take().is_some());
        }
        assert_eq!(plain, explained, "{mode:?}");
    }
}
