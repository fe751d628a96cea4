//! How hits came to their places: blocks under a table for people, further cells for a pipe.

use crate::output::one_line;
use std::fmt::Write;
use uninote::Hit;
use uninote::query::{Explanation, FeatureShare};

/// Features shown to people: those that count most.
const SHOWN: usize = 5;

/// A block a hit that is explained.
pub(super) fn blocks(hits: &[Hit]) -> String {
    let explained = hits.iter().filter_map(|hit| Some((hit, hit.explanation.as_deref()?)));
    explained.map(|(hit, why)| block(&hit.id, why)).collect()
}

fn block(id: &str, why: &Explanation) -> String {
    let ways = [(why.dense, "vectors"), (why.lexical, "words"), (why.fused, "the rule")];
    let places = ways.iter().filter_map(|(place, way)| place.map(|place| format!("{} by {way}", place + 1)));
    let places: Vec<String> = places.collect();
    let places = if places.is_empty() { "behind all candidates".to_owned() } else { places.join(", ") };
    let mut text = format!("\n{}\n  place: {places}\n", one_line(id));
    // Writing to a string cannot fail.
    if why.bm25 > 0.0 {
        let _ = write!(text, "  words: BM25 {:.3}", why.bm25);
        if why.coverage > 0.0 {
            let _ = write!(text, ", {:.0} % of what the query's words are worth", 100.0 * why.coverage);
        }
        text.push('\n');
    }
    if !why.features.is_empty() {
        let _ = writeln!(text, "  head: {:+.3} for the mean candidate, and", why.baseline);
        let features = by_weight(&why.features);
        let (shown, others) = features.split_at(SHOWN.min(features.len()));
        for feature in shown {
            let value = feature.value.map_or_else(|| "none".to_owned(), |value| format!("{value:.3}"));
            let _ = writeln!(text, "    {:+.3}  {} = {value}", feature.contribution, one_line(&feature.name));
        }
        if !others.is_empty() {
            let rest: f32 = others.iter().map(|feature| feature.contribution).sum();
            let _ = writeln!(text, "    {rest:+.3}  {} others", others.len());
        }
    }
    text
}

/// Six cells of a hit that is explained, each after a tab: places by vectors, by words and by the rule, BM25, share of the
/// query's words, and what each feature adds to the head's score.
pub(super) fn cells(hit: &Hit) -> String {
    let Some(why) = hit.explanation.as_deref() else { return String::new() };
    let place = |place: Option<usize>| place.map_or_else(|| "-".to_owned(), |place| place.to_string());
    let share = |feature: &&FeatureShare| format!("{}={:.6}", one_line(&feature.name), feature.contribution);
    let features: Vec<String> = by_weight(&why.features).iter().map(share).collect();
    let (dense, lexical, fused) = (place(why.dense), place(why.lexical), place(why.fused));
    format!("\t{dense}\t{lexical}\t{fused}\t{:.6}\t{:.6}\t{}", why.bm25, why.coverage, features.join(" "))
}

/// Features, those first that change the score most.
fn by_weight(features: &[FeatureShare]) -> Vec<&FeatureShare> {
    let mut features: Vec<&FeatureShare> = features.iter().collect();
    features.sort_by(|one, other| other.contribution.abs().total_cmp(&one.contribution.abs()));
    features
}

#[cfg(test)]
mod tests {
    use super::*;
    use uninote::rank::{Head, Schema, Shape};
    use uninote::{Index, Note, SearchOptions};

    #[test]
    fn a_block_says_the_places_the_words_and_what_the_head_saw_most() {
        let index = Index::in_memory().unwrap();
        index.add(Note::new("soup\u{1b}").text("Roast the tomatoes with garlic.")).unwrap();
        index.add(Note::new("bike").text("Patch the tube.")).unwrap();
        index.commit().unwrap();
        let schema = Schema::built_in();
        let names: Vec<&str> = schema.features().iter().map(|feature| feature.name.as_str()).collect();
        index.install_head(&Head::untrained(&schema, &names, Shape::default(), 1).unwrap()).unwrap();
        let hits = index.search("tomatoes", &SearchOptions::new().explain(true)).unwrap().hits;
        let text = blocks(&hits);
        assert!(text.contains("\nsoup\u{fffd}\n  place: 1 by vectors, 1 by words, 1 by the rule\n"), "{text}");
        assert!(text.contains("\nbike\n  place: 2 by vectors, 2 by the rule\n  head: "), "{text}");
        assert!(text.contains(", 100 % of what the query's words are worth\n"), "{text}");
        let lines = |part: &str| text.lines().filter(|line| line.contains(part)).count();
        assert_eq!((lines(" = "), lines(" others")), (2 * SHOWN, 2), "{text}");
        assert_eq!(cells(&hits[0]).split('\t').count(), 7);
        let plain = index.search("tomatoes", &SearchOptions::new()).unwrap().hits;
        assert_eq!((blocks(&plain), cells(&plain[0])), (String::new(), String::new()));
    }
}
