//! What a note is: an id, a title, a text, pictures and typed fields.
//!
//! This room also says which notes are acceptable ([`Note::validate`]), how a text is cut into
//! passages ([`passage`]) and how a picture's bytes become pixels ([`picture`]). It knows no other
//! room and opens no file: bytes come in, values go out.

pub mod passage;
pub mod picture;
pub mod time;
mod tokens;
mod validate;
mod value;

use std::collections::BTreeMap;

pub use passage::{Passage, PassageBudget};
pub use picture::{Picture, PictureError, PictureFormat, PictureInfo, PictureLimits, PictureSource, Pixels};
pub use tokens::estimated_tokens;
pub use validate::{
    MAX_FIELD_NAME_BYTES, MAX_FIELDS, MAX_ID_BYTES, MAX_PICTURES, MAX_TEXT_BYTES, MAX_VECTORS, NoteError,
};
pub use value::Value;

/// One unit of content as its author sees it: a page, a product, an article, a photo.
///
/// ```
/// # use uninote::note::{Note, Picture};
/// let note = Note::new("trips/harz.md")
///     .title("Three days in the Harz")
///     .text("We walked from Thale to Treseburg along the Bode.")
///     .picture(Picture::path("/photos/bode.jpg").alt("a river between rocks"))
///     .field("year", 2021)
///     .field("tags", vec!["hiking".to_owned(), "germany".to_owned()]);
/// assert!(note.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Note {
    /// The caller's own name for the note, unique within an index.
    pub id: String,
    /// A heading; may be empty.
    pub title: String,
    /// The body as written. Passage spans are byte offsets into exactly this string.
    pub text: String,
    /// Pictures in reading order.
    pub pictures: Vec<Picture>,
    /// Typed values by name, for filters and display.
    pub fields: BTreeMap<String, Value>,
    /// When the note was made: milliseconds since 1970-01-01T00:00:00Z.
    pub created: Option<i64>,
    /// The caller's own vectors by the name of the space they belong to, several to a space where the note has several.
    pub vectors: BTreeMap<String, Vec<Vec<f32>>>,
}

impl Note {
    /// An empty note under the given id; fill it with the methods below.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Sets the title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Adds a picture after those already there.
    #[must_use]
    pub fn picture(mut self, picture: Picture) -> Self {
        self.pictures.push(picture);
        self
    }

    /// Sets one field, replacing an earlier value of the same name.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Sets the creation time in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn created(mut self, millis: i64) -> Self {
        self.created = Some(millis);
        self
    }

    /// Adds a vector of the caller's to a named space, after those already there; it need not be of unit length.
    #[must_use]
    pub fn vector(mut self, space: impl Into<String>, vector: impl Into<Vec<f32>>) -> Self {
        self.vectors.entry(space.into()).or_default().push(vector.into());
        self
    }
}
