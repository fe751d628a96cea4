//! `<img>` tags in the HTML that Markdown may hold.
//!
//! Not an HTML parser: tags with quoted or bare attributes are read, comments are passed over, and
//! anything stranger is ignored.

/// One `<img>` tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HtmlImage {
    pub src: String,
    pub alt: String,
    /// Byte offset of the tag.
    pub offset: usize,
}

/// The `<img>` tags of a piece of HTML that have a `src`, in order.
pub(super) fn images(html: &str) -> Vec<HtmlImage> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let offset = html.len() - after.len() - 1;
        if let Some(comment) = after.strip_prefix("!--") {
            let Some((_, after)) = comment.split_once("-->") else {
                break;
            };
            rest = after;
            continue;
        }
        rest = after;
        let Some((name, attributes)) = after.split_at_checked(3) else {
            continue;
        };
        let is_tag = attributes.starts_with(|c: char| c.is_ascii_whitespace() || c == '/');
        if !name.eq_ignore_ascii_case("img") || !is_tag {
            continue;
        }
        let (mut src, mut alt) = (None, None);
        rest = attributes;
        while let Some((name, value, after)) = attribute(rest) {
            // The first of two attributes with one name counts, as in a browser.
            if name.eq_ignore_ascii_case("src") {
                src.get_or_insert(value);
            } else if name.eq_ignore_ascii_case("alt") {
                alt.get_or_insert(value);
            }
            rest = after;
        }
        if let Some(src) = src {
            found.push(HtmlImage { src: src.to_owned(), alt: alt.unwrap_or_default().to_owned(), offset });
        }
    }
    found
}

/// The next attribute of a tag as name, value (empty where it has none) and what follows; `None`
/// at the tag's end.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    if text.is_empty() || text.starts_with('>') {
        return None;
    }
    let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
    // A name may begin with `=`; taking one character at least keeps the scan moving.
    let first = text.chars().next()?.len_utf8();
    let length = text.get(first..)?.find(ends_name);
    let (name, after) = text.split_at(length.map_or(text.len(), |length| first + length));
    let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) else {
        return Some((name, "", after));
    };
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            let (value, after) = quoted.split_once(quote).unwrap_or((quoted, ""));
            return Some((name, value, after));
        }
    }
    let end = value.find(|c: char| c.is_ascii_whitespace() || c == '>');
    let (value, after) = value.split_at(end.unwrap_or(value.len()));
    Some((name, value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<(String, String)> {
        images(html).into_iter().map(|image| (image.src, image.alt)).collect()
    }

    #[test]
    fn reads_simple_tags() {
        let pair = |src: &str, alt: &str| (src.to_owned(), alt.to_owned());
        for (html, expected) in [
            (r#"<img src="a.png" alt="A b">"#, vec![pair("a.png", "A b")]),
            ("<IMG alt='x' SRC=a.png/>", vec![pair("a.png/", "x")]),
            ("<img\n  hidden src = 'a b.png' />", vec![pair("a b.png", "")]),
            ("<p><img src=a><img src=b></p>", vec![pair("a", ""), pair("b", "")]),
            ("<!-- <img src=a> --><img src=b>", vec![pair("b", "")]),
            ("<image src=a> <img> <imgx src=a> 1 < 2", vec![]),
            ("<img src=\"unclosed", vec![pair("unclosed", "")]),
            ("<img = == src=a>", vec![pair("a", "")]),
            ("<!-- <img src=a>", vec![]),
        ] {
            assert_eq!(found(html), expected, "{html}");
        }
    }

    #[test]
    fn offsets_point_at_the_tag() {
        assert_eq!(images("ab<br><img src=x>")[0].offset, 6);
    }
}
