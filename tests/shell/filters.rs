//! `--filter` and `--min-score`: what they let through, and what is said of a filter that is none.

use crate::sandbox::{Sandbox, ids};

fn films() -> Sandbox {
    let sandbox = Sandbox::new();
    let lines = [
        r#"{"id":"heat","text":"A quiet film about work.","fields":{"year":1995,"genre":["crime","drama"]}}"#,
        r#"{"id":"ran","text":"A loud film about a king.","fields":{"year":1985,"genre":["drama"]}}"#,
        r#"{"id":"up","text":"A film about a house.","fields":{"year":2009,"genre":["comedy"]}}"#,
    ];
    sandbox.file("films.jsonl", lines.join("\n"));
    sandbox.run(&["add", "films.jsonl"]).exits(0);
    sandbox
}

#[test]
fn a_filter_lets_through_what_it_says() {
    let sandbox = films();
    let found = |filter: &str| {
        let answer = sandbox.json(&["search", "a film", "--filter", filter]);
        let mut ids: Vec<String> = ids(&answer).into_iter().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    assert_eq!(found("year >= 1990"), ["heat", "up"]);
    assert_eq!(found("genre = drama and not year in 1990..1999"), ["ran"]);
    assert_eq!(found("id in (up, nobody)"), ["up"]);
    let similar = sandbox.json(&["similar", "heat", "--filter", "genre in (drama, comedy)"]);
    assert_eq!(ids(&similar).len(), 2);
    sandbox.run(&["search", "a film", "--filter", "year < 1900"]).exits(1).says("nothing found");
    sandbox.run(&["search", "a film", "--min-score", "1e9"]).exits(1).says("nothing found");
}

#[test]
fn a_filter_that_is_none_is_refused_with_its_column_and_the_nearest_field() {
    let sandbox = films();
    sandbox.run(&["search", "film", "--filter", "year >"]).exits(2).says("column 7: expected a value, found the end");
    let unknown = sandbox.run(&["search", "film", "--filter", "year > 5 and gerne = drama"]);
    unknown.exits(2).says("column 14: no note has a field \"gerne\"; did you mean \"genre\"?");
    let kind = sandbox.run(&["search", "film", "--filter", "genre = 5"]);
    kind.exits(2).says("holds tags, and was compared with a number; put quotes around");
}
