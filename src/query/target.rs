//! What a caller asks: a text, a vector, or more like something that is there.

/// What to search for. `&str` and `String` convert into a text query.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Query {
    /// What matches this text.
    Text(String),
    /// What is closest to this vector, of the encoder's full width; it need not be of unit length.
    Vector(Vec<f32>),
    /// What is like this note, or like one part of it. The note itself is not among the hits.
    Similar {
        /// The note's id.
        id: String,
        /// Which part of it.
        part: Like,
    },
}

/// Which part of a note others are compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Like {
    /// The note as a whole.
    #[default]
    Note,
    /// One passage, counted from 0.
    Passage(u32),
    /// One picture, counted from 0.
    Picture(u32),
}

impl Query {
    /// What matches this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// What is closest to this vector.
    pub fn vector(vector: impl Into<Vec<f32>>) -> Self {
        Self::Vector(vector.into())
    }

    /// What is like this note.
    pub fn similar(id: impl Into<String>) -> Self {
        Self::Similar { id: id.into(), part: Like::Note }
    }

    /// What is like one part of this note.
    pub fn similar_to_part(id: impl Into<String>, part: Like) -> Self {
        Self::Similar { id: id.into(), part }
    }
}

impl From<&str> for Query {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Query {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
