//! The join against comparing all pairs, and what similarity of texts means.

use super::links::DisjointSets;
use super::*;
use fastrand::Rng;
use std::collections::BTreeSet;
use std::sync::Mutex;

fn similarity(one: &str, other: &str) -> f64 {
    dice(&shingles("", one), &shingles("", other))
}

#[test]
fn similarity_is_the_share_of_words_and_pairs_in_common() {
    assert_eq!(similarity("The moon waxes.", "the MOON,\n waxes!"), 1.0);
    // Of three words and two pairs each, two words and one pair are common.
    assert!((similarity("the moon waxes", "the moon wanes") - 0.6).abs() < 1e-12);
    // All words and no pair in common: three of five.
    assert!((similarity("moon the waxes", "waxes the moon") - 0.6).abs() < 1e-12);
    assert_eq!(similarity("tomato soup", "bicycle tube"), 0.0);
    assert_eq!(similarity("", ""), 0.0);
    assert!((similarity("東京の夜", "東京の朝") - 5.0 / 7.0).abs() < 1e-12);
}

#[test]
fn equal_sequences_are_those_of_equal_words() {
    let of = |text: &str| Wording::of("", text).sequence;
    assert_eq!(of("Now, or never!"), of("now or NEVER"));
    assert_ne!(of("now or never"), of("never or now"));
    assert_eq!(Wording::of("now", "or never").sequence, of("now or never"));
    assert_eq!(of(" ... "), None);
}

/// Sets over few members, many of them near copies of each other.
fn random_sets(random: &mut Rng, count: usize) -> Vec<Vec<u32>> {
    let mut sets: Vec<Vec<u32>> = Vec::new();
    while sets.len() < count {
        let mut set: BTreeSet<u32> = match random.usize(0..sets.len().max(1) * 2) {
            near if near < sets.len() => sets[near].iter().copied().filter(|_| random.u32(0..8) > 0).collect(),
            _ => BTreeSet::new(),
        };
        // The lower members are common, the higher ones rare.
        set.extend((0..random.usize(0..14)).map(|_| random.u32(0..200).min(random.u32(0..4_000))));
        sets.push(set.into_iter().collect());
    }
    sets
}

/// Pairs of notes that the join hands on, smaller note first, and the clusters it makes.
fn joined(sets: &[Vec<u32>], least: f64) -> (BTreeSet<(u32, u32)>, Vec<Vec<u32>>) {
    let found = Mutex::new(BTreeSet::new());
    let decide = |one: u32, other: u32, similarity: f64| {
        let exact = dice(&sets[one as usize], &sets[other as usize]);
        assert!((similarity - exact).abs() < 1e-12);
        assert!(found.lock().unwrap().insert((one.min(other), one.max(other))), "a pair is found once");
        let link = |other| Link { other, matched: Matched::Text, similarity: similarity as f32, exact: false };
        Some((link(other), link(one)))
    };
    let ready = (0_u32..).zip(sets).map(|(note, members)| Set { members, count: members.len(), note });
    let join = Join::new(ready.collect(), least);
    let mut links = Links::new(sets.len());
    link_all(&join, &mut links, &decide, &mut |_| Ok(())).unwrap();
    (found.into_inner().unwrap(), links.clusters())
}

/// The same by comparing all.
fn naive(sets: &[Vec<u32>], least: f64) -> (BTreeSet<(u32, u32)>, Vec<Vec<u32>>) {
    let mut pairs = BTreeSet::new();
    for (other, right) in (0_u32..).zip(sets) {
        for (one, left) in (0_u32..).zip(&sets[..other as usize]) {
            if dice(left, right) >= least - 1e-12 {
                pairs.insert((one, other));
            }
        }
    }
    let mut clusters: Vec<Vec<u32>> = Vec::new();
    for note in 0..sets.len() as u32 {
        let linked = |cluster: &Vec<u32>| cluster.iter().any(|known| pairs.contains(&(*known, note)));
        let (mut joined, rest): (Vec<_>, Vec<_>) = clusters.into_iter().partition(linked);
        joined.push(vec![note]);
        clusters = rest;
        clusters.push(joined.concat());
    }
    clusters.retain(|cluster| cluster.len() > 1);
    clusters.iter_mut().for_each(|cluster| cluster.sort_unstable());
    clusters.sort_by_key(|cluster| (std::cmp::Reverse(cluster.len()), cluster[0]));
    (pairs, clusters)
}

#[test]
fn the_join_makes_the_clusters_that_comparing_all_pairs_makes() {
    let mut random = Rng::with_seed(5);
    let (mut pairs, mut all) = (0, 0);
    for round in 0..40 {
        let sets = random_sets(&mut random, 60 + round);
        for least in [0.3, 0.5, 0.75, 0.9, 1.0] {
            let (found, clusters) = joined(&sets, least);
            let (expected, expected_clusters) = naive(&sets, least);
            assert_eq!(clusters, expected_clusters, "round {round}, {least}");
            assert!(found.is_subset(&expected), "round {round}, {least}");
            (pairs, all) = (pairs + found.len(), all + expected.len());
        }
    }
    assert!(all > 2_000 && pairs * 10 > all * 9, "{pairs} of {all}: only pairs of large clusters are passed over");
}

#[test]
fn of_thousands_alike_few_pairs_are_looked_at_closely() {
    let sets: Vec<Vec<u32>> = (0..1_500).map(|number| (0..20).chain([1_000 + number]).collect()).collect();
    let (found, clusters) = joined(&sets, 0.9);
    assert_eq!(clusters, [(0..1_500).collect::<Vec<u32>>()]);
    assert!(found.len() < 1_500 * 1_500 / 4, "{}", found.len());
}

#[test]
fn long_texts_are_found_by_their_samples() {
    let mut random = Rng::with_seed(8);
    let mut wordings = Vec::new();
    for _ in 0..12 {
        let words: Vec<u32> = (0..1_500).map(|_| random.u32(0..20_000).min(random.u32(0..20_000))).collect();
        let mut changed = words.clone();
        for word in &mut changed {
            *word = if random.u32(0..20) == 0 { random.u32(0..20_000) } else { *word };
        }
        for words in [words, changed] {
            let text: Vec<String> = words.iter().map(|word| format!("w{word}")).collect();
            wordings.push(Wording::of("", &text.join(" ")));
        }
    }
    assert!(wordings.iter().all(|wording| wording.sample.len() == 512 && wording.count > 1_500));
    let sets = (0_u32..).zip(&wordings);
    let sets = sets.map(|(note, wording)| Set { members: &wording.sample, count: wording.count, note });
    let decide = |one, other, similarity: f64| {
        assert!((0.8..1.0).contains(&similarity), "{similarity}");
        let link = |other| Link { other, matched: Matched::Text, similarity: similarity as f32, exact: false };
        Some((link(other), link(one)))
    };
    let mut links = Links::new(wordings.len());
    link_all(&Join::new(sets.collect(), 0.85), &mut links, &decide, &mut |_| Ok(())).unwrap();
    let pairs: Vec<Vec<u32>> = (0..12).map(|pair| vec![2 * pair, 2 * pair + 1]).collect();
    assert_eq!(links.clusters(), pairs);
}

#[test]
fn the_strongest_link_is_kept_whatever_comes_first() {
    let near = |other, similarity| Link { other, matched: Matched::Text, similarity, exact: false };
    let exact = Link { exact: true, ..near(7, 1.0) };
    let whole = Link { matched: Matched::Note, ..exact };
    let mut ranked = [near(1, 0.8), near(0, 0.9), near(2, 0.9), exact, whole];
    for _ in 0..ranked.len() {
        ranked.rotate_left(1);
        let mut links = Links::new(9);
        ranked.iter().for_each(|link| links.add(8, *link));
        assert_eq!(links.of(8).collect::<Vec<_>>(), [whole]);
        assert_eq!(links.clusters(), [[0, 1, 2, 7, 8]]);
        let mut fewer = Links::new(9);
        ranked.iter().filter(|link| !link.exact).for_each(|link| fewer.add(8, *link));
        assert_eq!(fewer.of(8).collect::<Vec<_>>(), [near(0, 0.9)]);
    }
}

#[test]
fn the_lowest_number_stands_for_its_set() {
    let mut sets = DisjointSets::new(6);
    for (one, other) in [(5, 3), (4, 5), (1, 2), (3, 3)] {
        sets.join(one, other);
    }
    assert_eq!(sets.roots(), [0, 1, 1, 3, 3, 3]);
    sets.join(2, 4);
    assert_eq!(sets.roots(), [0, 1, 1, 1, 1, 1]);
}
