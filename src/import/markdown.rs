//! One Markdown or plain text file into a note.

use std::{collections::HashSet, ops::Range};

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{
    ImageLink, Parsed, Remark,
    fields::{Dates, FieldSink},
    front_matter::{self, FrontMatter},
    html,
    tree::Tree,
};
use crate::note::{MAX_PICTURES, Note, Value};

/// Images nested in the alternative text of other images beyond this are ignored.
const MAX_NESTED_IMAGES: usize = 16;

/// Why a Markdown file became no note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkdownError {
    /// Nothing but white space.
    #[error("the file is empty; write something into it or remove it")]
    Empty,
    /// The bytes are not text.
    #[error("the file is not UTF-8 text: bad byte at offset {offset}; save it as UTF-8")]
    NotUtf8 {
        /// First bad byte.
        offset: usize,
        /// Its line, counted from 1.
        line: u64,
    },
}

impl MarkdownError {
    /// The line the error is about, counted from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Empty => None,
            Self::NotUtf8 { line, .. } => Some(*line),
        }
    }
}

/// Reads one file; `id` becomes the note's id.
///
/// * Front matter (YAML between `---` lines, TOML between `+++` lines) becomes fields: strings are
///   keywords, or date-times where they are dates; lists are tags; nested names are joined with
///   dots. `title` is the title, `created` or else `date` also the creation time. Front matter that
///   cannot be read stays part of the text, with a warning.
/// * The title is that of the front matter, else the first heading of level 1, else the last part
///   of the id without its extension.
/// * The text is the Markdown as written, without front matter and byte order mark.
/// * Images (`![alt](target)`, reference style, and simple `<img>` tags) are named in
///   [`Parsed::image_links`]; the first 4,096 count.
///
/// # Errors
/// [`MarkdownError`] where the bytes are blank or not UTF-8.
pub fn parse(bytes: &[u8], id: &str) -> Result<Parsed, MarkdownError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        let before = bytes.get(..offset).unwrap_or_default();
        MarkdownError::NotUtf8 { offset, line: 1 + newlines(before) }
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(MarkdownError::Empty);
    }
    let mut warnings = Vec::new();
    let (entries, body, body_line) = match front_matter::read(text) {
        FrontMatter::None => (Vec::new(), text, 1),
        FrontMatter::Found { entries, body, body_line } => (entries, body, body_line),
        FrontMatter::Broken { line, why } => {
            let why = format!("{why}; it was kept as text");
            warnings.push(Remark { line, why });
            (Vec::new(), text, 1)
        }
    };
    let mut note = Note::new(id).text(body);
    apply(entries, &mut note, &mut warnings);
    let mut outline = Outline::read(body, body_line);
    if note.title.is_empty() {
        note.title = outline.title.unwrap_or_else(|| stem(id).to_owned());
    }
    warnings.append(&mut outline.warnings);
    Ok(Parsed { note, vector: None, image_links: outline.images, warnings })
}

/// Front matter entries into title, creation time and fields.
fn apply(entries: Vec<(String, Tree)>, note: &mut Note, warnings: &mut Vec<Remark>) {
    let mut sink = FieldSink::new(Dates::Anywhere);
    let mut names = HashSet::new();
    for (name, tree) in entries {
        if !names.insert(name.clone()) {
            let why = format!("{name:?} is given twice; the last one counts");
            warnings.push(Remark { line: 1, why });
        }
        match (name.as_str(), tree) {
            ("title", Tree::Null) => {}
            ("title", tree @ (Tree::List(_) | Tree::Map(_))) => {
                sink.left_out.push(format!("the title is {}, not a string; it was left out", tree.kind()));
            }
            ("title", scalar) => {
                let title = scalar.into_scalar_text().unwrap_or_default();
                note.title = title.trim().to_owned();
            }
            (_, tree) => sink.add(name, tree),
        }
    }
    let instant = |name: &str| match sink.fields.get(name) {
        Some(Value::DateTime(millis)) => Some(*millis),
        _ => None,
    };
    note.created = instant("created").or_else(|| instant("date"));
    note.fields = sink.fields;
    // Fields stand in the front matter, which begins on line 1.
    warnings.extend(sink.left_out.into_iter().map(|why| Remark { line: 1, why }));
}

/// What the Markdown parser finds in a body: the first heading of level 1, and the images.
#[derive(Default)]
struct Outline {
    title: Option<String>,
    images: Vec<ImageLink>,
    warnings: Vec<Remark>,
}

impl Outline {
    fn read(body: &str, body_line: u64) -> Self {
        let mut outline = Self::default();
        let mut lines = LineCounter::new(body, body_line);
        let mut heading: Option<String> = None;
        let mut open = OpenImages::default();
        let mut html_block: Option<(u64, String)> = None;
        for (event, Range { start, .. }) in Parser::new_ext(body, Options::empty()).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) if outline.title.is_none() => {
                    heading = Some(String::new())
                }
                Event::End(TagEnd::Heading(HeadingLevel::H1)) => {
                    let title = heading.take().unwrap_or_default();
                    if !title.trim().is_empty() {
                        outline.title = Some(title.trim().to_owned());
                    }
                }
                Event::Start(Tag::Image { dest_url, .. }) => {
                    open.start(dest_url.into_string(), lines.line_of(start));
                }
                Event::End(TagEnd::Image) => {
                    if let Some(link) = open.end() {
                        outline.push(link);
                    }
                }
                Event::Start(Tag::HtmlBlock) => {
                    html_block = Some((lines.line_of(start), String::new()));
                }
                Event::End(TagEnd::HtmlBlock) => {
                    if let Some((line, html)) = html_block.take() {
                        outline.push_html(&html, line);
                    }
                }
                Event::Html(html) => {
                    if let Some((_, block)) = &mut html_block {
                        block.push_str(&html);
                    }
                }
                Event::InlineHtml(html) => outline.push_html(&html, lines.line_of(start)),
                Event::Text(text) | Event::Code(text) => {
                    open.text(&text);
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::SoftBreak | Event::HardBreak => {
                    open.text(" ");
                    if let Some(heading) = &mut heading {
                        heading.push(' ');
                    }
                }
                _ => {}
            }
        }
        outline
    }

    fn push_html(&mut self, html: &str, first_line: u64) {
        for image in html::images(html) {
            let before = html.as_bytes().get(..image.offset).unwrap_or_default();
            self.push(ImageLink { target: image.src, alt: image.alt, line: first_line + newlines(before) });
        }
    }

    fn push(&mut self, link: ImageLink) {
        if self.images.len() < MAX_PICTURES {
            self.images.push(link);
        } else if self.warnings.is_empty() {
            self.warnings.push(Remark {
                line: link.line,
                why: format!("more than {MAX_PICTURES} images; this one and those after it were left out"),
            });
        }
    }
}

/// Images whose alternative text is being read, outermost first.
#[derive(Default)]
struct OpenImages {
    links: Vec<ImageLink>,
    ignored: usize,
}

impl OpenImages {
    fn start(&mut self, target: String, line: u64) {
        if self.links.len() < MAX_NESTED_IMAGES {
            let alt = String::new();
            self.links.push(ImageLink { target, alt, line });
        } else {
            self.ignored += 1;
        }
    }

    fn end(&mut self) -> Option<ImageLink> {
        if self.ignored > 0 {
            self.ignored -= 1;
            return None;
        }
        self.links.pop()
    }

    fn text(&mut self, text: &str) {
        for link in &mut self.links {
            link.alt.push_str(text);
        }
    }
}

/// Lines of byte offsets that mostly grow, without an index of the text.
struct LineCounter<'t> {
    text: &'t [u8],
    first_line: u64,
    offset: usize,
    line: u64,
}

impl<'t> LineCounter<'t> {
    fn new(text: &'t str, first_line: u64) -> Self {
        Self { text: text.as_bytes(), first_line, offset: 0, line: first_line }
    }

    fn line_of(&mut self, offset: usize) -> u64 {
        if offset < self.offset {
            (self.offset, self.line) = (0, self.first_line);
        }
        let between = self.text.get(self.offset..offset).unwrap_or_default();
        self.line += newlines(between);
        self.offset = offset;
        self.line
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The last part of a path-like id, without its extension.
fn stem(id: &str) -> &str {
    let name = id.rsplit('/').next().unwrap_or(id);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
