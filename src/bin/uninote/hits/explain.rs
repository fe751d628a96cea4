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
