//! A note as it is stored: everything the caller gave, so that an index can be rebuilt from itself.

use rkyv::{Archive, Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub enum FieldValue {
    /// One word or name, compared whole.
    Keyword(String),
    /// Several of them.
    Tags(Vec<String>),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// Milliseconds since 1970 UTC.
    DateTime(i64),
    /// Yes or no.
    Bool(bool),
}

/// A picture of a note.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct PictureRecord {
    /// Text that stands for the picture.
    pub alt: String,
    /// Where the original lies, if it came from a file.
    pub path: Option<String>,
    /// Hash of its bytes (XXH3, 128 bits), zero where they could not be read.
    pub hash: [u8; 16],
    /// Width in pixels, 0 where unknown.
    pub width: u32,
    /// Height in pixels, 0 where unknown.
    pub height: u32,
    /// Its bytes' number in the segment's picture sections, if they are kept.
    pub blob: Option<u32>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub struct Record {
    /// The caller's id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Text; passage spans are byte ranges of it.
    pub text: String,
    /// Pictures in order.
    pub pictures: Vec<PictureRecord>,
    /// Fields in ascending order of their names.
    pub fields: Vec<(String, FieldValue)>,
    /// When the note was created, milliseconds since 1970 UTC.
    pub created_ms: Option<i64>,
    /// Hash of all of the above but the id: see [`Record::hash_content`].
    pub content_hash: [u8; 16],
}

impl Record {
    /// XXH3-128 of what the note says: equal for equal content under any id, in any file. `SPEC.md` has the order of the
    /// pieces; each goes in with its length before it, so that no two different notes give the same bytes.
    #[must_use]
    pub fn hash_content(&self) -> [u8; 16] {
        let mut hash = Pieces(Xxh3::new());
        hash.add(self.title.as_bytes());
        hash.add(self.text.as_bytes());
        hash.add(self.created_ms.map(i64::to_le_bytes).as_ref().map_or(&[], |bytes| bytes));
        hash.count(self.pictures.len());
        for picture in &self.pictures {
            hash.add(&picture.hash);
            hash.add(picture.alt.as_bytes());
            hash.add(picture.path.as_deref().unwrap_or_default().as_bytes());
        }
        hash.count(self.fields.len());
        for (name, value) in &self.fields {
            hash.add(name.as_bytes());
            hash.value(value);
        }
        hash.0.digest128().to_le_bytes()
    }
}

struct Pieces(Xxh3);

impl Pieces {
    fn add(&mut self, piece: &[u8]) {
        self.count(piece.len());
        self.0.update(piece);
    }

    fn count(&mut self, count: usize) {
        self.0.update(&(count as u64).to_le_bytes());
    }

    /// A byte for the kind of value, then the value.
    fn value(&mut self, value: &FieldValue) {
        match value {
            FieldValue::Keyword(word) => {
                self.add(&[0]);
                self.add(word.as_bytes());
            }
            FieldValue::Tags(tags) => {
                self.add(&[1]);
                self.count(tags.len());
                tags.iter().for_each(|tag| self.add(tag.as_bytes()));
            }
            FieldValue::Integer(number) => {
                self.add(&[2]);
                self.add(&number.to_le_bytes());
            }
            FieldValue::Float(number) => {
                self.add(&[3]);
                self.add(&number.to_bits().to_le_bytes());
            }
            FieldValue::DateTime(millis) => {
                self.add(&[4]);
                self.add(&millis.to_le_bytes());
            }
            FieldValue::Bool(flag) => {
                self.add(&[5]);
                self.add(&[u8::from(*flag)]);
            }
        }
    }
}
