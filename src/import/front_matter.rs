//! The block at the head of a Markdown file: YAML between `---`, TOML between `+++`.

use serde_saphyr::{
    SnippetMode, UserMessageFormatter,
    options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy},
};

use super::tree::Tree;

/// Most bytes of front matter.
const MAX_BYTES: usize = 1 << 20;

/// What stands at the head of a file.
#[derive(Debug, PartialEq)]
pub(super) enum FrontMatter<'t> {
    /// Nothing; the text is all body.
    None,
    /// Names and values, and the body after them.
    Found {
        entries: Vec<(String, Tree)>,
        body: &'t str,
        /// Line of the body's first line, counted from 1.
        body_line: u64,
    },
    /// It was meant as front matter but cannot be read.
    Broken { line: u64, why: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Yaml,
    Toml,
}

/// Reads the front matter of a file.
///
/// A first line `---` without a second one below it is a rule across the page, not front matter,
/// unless the line after it looks like `name: value`.
pub(super) fn read(text: &str) -> FrontMatter<'_> {
    let mut lines = text.split_inclusive('\n');
    let language = match lines.next().map(str::trim_end) {
        Some("---") => Language::Yaml,
        Some("+++") => Language::Toml,
        _ => return FrontMatter::None,
    };
    let first = text.split_inclusive('\n').next().unwrap_or_default().len();
    let (mut end, mut line) = (first, 2_u64);
    for current in lines {
        let mark = current.trim_end();
        let closes = match language {
            Language::Yaml => matches!(mark, "---" | "..."),
            Language::Toml => mark == "+++",
        };
        if closes {
            let block = text.get(first..end).unwrap_or_default();
            let body = text.get(end + current.len()..).unwrap_or_default();
            return parse(language, block, body, line + 1);
        }
        end += current.len();
        line += 1;
    }
    let second = text.split_inclusive('\n').nth(1).unwrap_or_default();
    let name = second.split(':').next().unwrap_or_default();
    let looks_like_yaml = name.len() < second.len() && !name.is_empty() && !name.contains(char::is_whitespace);
    if language == Language::Yaml && !looks_like_yaml {
        return FrontMatter::None;
    }
    FrontMatter::Broken { line: 1, why: "the front matter that begins here has no closing line".into() }
}

fn parse<'t>(language: Language, block: &str, body: &'t str, body_line: u64) -> FrontMatter<'t> {
    if block.len() > MAX_BYTES {
        return FrontMatter::Broken {
            line: 1,
            why: format!("the front matter has {} bytes, more than {MAX_BYTES}", block.len()),
        };
    }
    let parsed = match language {
        Language::Yaml => parse_yaml(block),
        Language::Toml => parse_toml(block),
    };
    match parsed {
        Ok(Tree::Map(entries)) => FrontMatter::Found { entries, body, body_line },
        Ok(Tree::Null) => FrontMatter::Found { entries: Vec::new(), body, body_line },
        Ok(other) => {
            FrontMatter::Broken { line: 2, why: format!("the front matter is {}, not names and values", other.kind()) }
        }
        // The block begins on line 2 of the file.
        Err((line, why)) => {
            FrontMatter::Broken { line: line + 1, why: format!("the front matter cannot be read: {why}") }
        }
    }
}

/// The value, or the line inside the block (from 1) and the reason.
type Read = Result<Tree, (u64, String)>;

/// YAML 1.2 under a budget: aliases may not multiply, nesting and counts are bounded, `yes` and `no`
/// are words, and a name given twice does not spoil the rest.
fn parse_yaml(block: &str) -> Read {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 100_000,
            max_events: 300_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
        },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        merge_keys: MergeKeyPolicy::Merge,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(block, options).map_err(|error| {
        let line = error.location().map_or(1, |at| by_line_feeds(block, at.line()));
        let message = error.render_with_options(serde_saphyr::render_options! {
            formatter: &UserMessageFormatter,
            snippets: SnippetMode::Off,
            line_offset: 1,
        });
        (line, one_line(&message))
    })
}

/// The line, counted by line feeds, of a line that YAML counted: there a lone carriage return ends one too.
fn by_line_feeds(block: &str, line: u64) -> u64 {
    let (mut counted, mut feeds) = (1, 1);
    let mut bytes = block.bytes().peekable();
    while counted < line {
        match bytes.next() {
            Some(b'\r') if bytes.peek() != Some(&b'\n') => counted += 1,
            Some(b'\n') => (counted, feeds) = (counted + 1, feeds + 1),
            Some(_) => {}
            None => break,
        }
    }
    feeds
}

fn parse_toml(block: &str) -> Read {
    match toml::from_str::<toml::Table>(block) {
        Ok(table) => Ok(Tree::from(toml::Value::Table(table))),
        Err(error) => {
            let before = error.span().and_then(|span| block.get(..span.start));
            let line = before.map_or(0, |text| text.matches('\n').count());
            Err((line as u64 + 1, one_line(error.message())))
        }
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, Tree)> {
        match read(text) {
            FrontMatter::Found { entries, .. } => entries,
            other => panic!("{other:?}"),
        }
    }

    fn broken(text: &str) -> (u64, String) {
        match read(text) {
            FrontMatter::Broken { line, why } => (line, why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn yaml_and_toml() {
        let text = |text: &str| Tree::Text(text.into());
        let yaml = "---\ntitle: \"A: b\"\nn: 3\nx: .nan\nno: no\nzip: 01234\n---\r\nbody";
        let found = entries(yaml);
        assert_eq!(found[0], ("title".into(), text("A: b")));
        assert_eq!(found[1], ("n".into(), Tree::Integer(3)));
        assert!(matches!(found[2].1, Tree::Float(x) if x.is_nan()));
        assert_eq!(found[3], ("no".into(), text("no")));
        let toml = "+++\ndate = 2021-03-11\ntags = [\"a\"]\n[extra]\nn = 1.5\n+++\n";
        let found = entries(toml);
        assert!(found.contains(&("date".into(), text("2021-03-11"))));
        assert!(found.contains(&("tags".into(), Tree::List(vec![text("a")]))));
        let inner = Tree::Map(vec![("n".into(), Tree::Float(1.5))]);
        assert!(found.contains(&("extra".into(), inner)));
    }

    #[test]
    fn merged_and_repeated_names() {
        let yaml = "---\nbase: &b {x: 1, y: 1}\nuse:\n  <<: *b\n  x: 2\nn: 1\nn: 2\n---\n";
        let found = entries(yaml);
        let pair = |name: &str, number| (name.to_owned(), Tree::Integer(number));
        let Tree::Map(merged) = &found[1].1 else {
            panic!("a mapping");
        };
        assert!(merged.contains(&pair("x", 2)) && merged.contains(&pair("y", 1)));
        assert!(!merged.contains(&pair("x", 1)));
        assert_eq!(found[2..], [pair("n", 1), pair("n", 2)]);
    }

    #[test]
    fn the_body_begins_after_it() {
        let FrontMatter::Found { body, body_line, .. } = read("---\r\na: 1\r\n---\r\nbody\r\n---\r\n") else {
            panic!("front matter");
        };
        assert_eq!((body, body_line), ("body\r\n---\r\n", 4));
        assert_eq!(entries("---\n---\nbody"), []);
    }

    #[test]
    fn a_rule_is_no_front_matter() {
        for text in ["", "body", "---", "---\n\nSome: text below a rule", "----\na: 1\n----"] {
            assert_eq!(read(text), FrontMatter::None, "{text:?}");
        }
    }

    #[test]
    fn broken_front_matter_names_line_and_reason() {
        let (line, why) = broken("---\ntitle: x\nbroken: [1, 2\n---\nbody");
        assert!((3..=4).contains(&line), "line {line}: {why}");
        let (line, why) = broken("---\ntitle: a\r\r\r\nb\r\nno, c: d\n---\n");
        assert!((3..=5).contains(&line), "carriage returns by themselves end no line here, yet {line}: {why}");
        let (line, why) = broken("+++\na = 1\nb = \n+++\n");
        assert_eq!(line, 3, "{why}");
        let (line, why) = broken("---\ntitle: x\n\nbody without an end");
        assert_eq!(line, 1);
        assert!(why.contains("closing line"));
        let (_, why) = broken("---\njust words\n---\n");
        assert!(why.contains("a string"), "{why}");
        let long = format!("---\na: {}\n---\n", "x".repeat(MAX_BYTES));
        assert!(broken(&long).1.contains("more than"));
    }

    #[test]
    fn an_alias_bomb_is_refused_quickly() {
        let mut bomb = String::from("---\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..10 {
            let inner = format!("*a{},", level - 1).repeat(10);
            bomb += &format!("a{level}: &a{level} [{inner}]\n");
        }
        bomb += "---\nbody";
        assert!(matches!(read(&bomb), FrontMatter::Broken { .. }));
    }

    #[test]
    fn deep_nesting_is_refused() {
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            let nested = open.repeat(20_000) + &close.repeat(20_000);
            let text = format!("---\nx: {nested}\n---\n");
            assert!(matches!(read(&text), FrontMatter::Broken { .. }));
        }
        let nested = "[".repeat(20_000) + &"]".repeat(20_000);
        let text = format!("+++\nx = {nested}\n+++\n");
        assert!(matches!(read(&text), FrontMatter::Broken { .. }));
    }
}
