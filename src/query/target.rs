//! What a caller asks: a text, a picture, a vector, more like something that is there, less like something else, or several
//! of these together.

use crate::note::Picture;

/// What to search for: terms that are wanted, each with a weight, and terms that are not. `&str` and `String` convert into a
/// query of one text.
///
/// ```
/// use uninote::Query;
///
/// # let photo: Vec<u8> = Vec::new();
/// let red = Query::picture(photo).and("this, but red");
/// let others = Query::like(["soup", "stew"]).unlike(Query::similar("salad")).and(Query::text("quick").weight(0.5));
/// let session = Query::like(["tent", "stove"]).and(Query::similar("boots").weight(0.5)).unlike(Query::similar("sofa"));
/// let sounds = Query::text("a storm at sea").and(Query::vector_in("audio", vec![0.3; 16]));
/// ```
///
/// **How terms become one direction.** Wanted texts and pictures of one weight are read by the encoder together, as one input
/// in their order, which weighs as much as they do together; how they share that is the encoder's affair. Stored and given vectors are brought to unit length and join that of the input in a mean by weight. Of what
/// is not wanted each term stands for itself: half of the mean of its unit vectors, again by weight, is taken away. What is
/// left is brought to unit length, and searched for. This is relevance feedback (Rocchio 1971, "Relevance feedback in
/// information retrieval") with wanted terms at weight 1 and unwanted ones at 0.5. Notes that are terms are not among the
/// hits.
///
/// **Words.** The words of wanted texts, and those of wanted notes and passages, are searched for as well, unless the
/// [`Mode`](crate::Mode) is `Dense`; words of what is not wanted are not looked at. In an index of the caller's own vectors,
/// where nothing can encode a text, it is asked by its words alone: beside a vector, or for itself in mode `Lexical`.
///
/// **Several spaces.** Terms of the caller's spaces have a direction of their own in each. A note is then scored in all of
/// them, by its best row in each and 0 where it has none, and the mean by weight is its score: a space weighs as much as the
/// wanted terms in it. What is not wanted works in its own space only, where something must be wanted, too.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub(crate) terms: Vec<Term>,
    /// Ids of notes that are no answer.
    pub(crate) except: Vec<String>,
}

/// One thing that is wanted or not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) sought: Sought,
    pub(crate) weight: f32,
    pub(crate) wanted: bool,
}

/// What a term is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sought {
    Text(String),
    Picture(Picture),
    /// In the encoder's spaces, or in one of the caller's.
    Vector {
        space: Option<String>,
        vector: Vec<f32>,
    },
    /// What the encoder made of a note, or of a part of it.
    Note {
        id: String,
        part: Like,
    },
    /// What the caller gave a note in a space.
    NoteIn {
        id: String,
        space: String,
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
    /// One region of a picture.
    Region {
        /// The picture, counted from 0.
        picture: u32,
        /// Its cell in reading order, counted from 0.
        cell: u32,
    },
}

impl Query {
    fn one(sought: Sought) -> Self {
        Self { terms: vec![Term { sought, weight: 1.0, wanted: true }], except: Vec::new() }
    }

    /// What matches this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::one(Sought::Text(text.into()))
    }

    /// What matches this picture: a [`Picture`], or the bytes of its file. Its alternative text is not looked at.
    pub fn picture(picture: impl Into<Picture>) -> Self {
        Self::one(Sought::Picture(picture.into()))
    }

    /// What is closest to this vector, of the encoder's full width; it need not be of unit length.
    pub fn vector(vector: impl Into<Vec<f32>>) -> Self {
        Self::one(Sought::Vector { space: None, vector: vector.into() })
    }

    /// What is closest to this vector in one of the caller's spaces.
    pub fn vector_in(space: impl Into<String>, vector: impl Into<Vec<f32>>) -> Self {
        Self::one(Sought::Vector { space: Some(space.into()), vector: vector.into() })
    }

    /// What is like this note.
    pub fn similar(id: impl Into<String>) -> Self {
        Self::similar_to_part(id, Like::Note)
    }

    /// What is like one part of this note.
    pub fn similar_to_part(id: impl Into<String>, part: Like) -> Self {
        Self::one(Sought::Note { id: id.into(), part })
    }

    /// What is like this note in one of the caller's spaces: like the mean of its vectors there.
    pub fn similar_in(id: impl Into<String>, space: impl Into<String>) -> Self {
        Self::one(Sought::NoteIn { id: id.into(), space: space.into() })
    }

    /// What is like all of these notes.
    pub fn like<I: Into<String>>(ids: impl IntoIterator<Item = I>) -> Self {
        Self { terms: ids.into_iter().flat_map(|id| Self::similar(id).terms).collect(), except: Vec::new() }
    }

    /// Wants the terms of another query, too.
    #[must_use]
    pub fn and(mut self, other: impl Into<Self>) -> Self {
        let Self { terms, except } = other.into();
        self.terms.extend(terms);
        self.except.extend(except);
        self
    }

    /// Turns away from the terms of another query; what that one turns away from is then wanted. How far it turns is fixed:
    /// weights say how much unwanted terms count against each other, not against the wanted ones.
    #[must_use]
    pub fn unlike(mut self, other: impl Into<Self>) -> Self {
        let turned = |term: Term| Term { wanted: !term.wanted, ..term };
        let Self { terms, except } = other.into();
        self.terms.extend(terms.into_iter().map(turned));
        self.except.extend(except);
        self
    }

    /// Leaves these notes out of the answer.
    #[must_use]
    pub fn except<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        self.except.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Multiplies the weight of each term so far, which is 1 at first. Weights count among the terms of one side, the wanted
    /// or the unwanted ones, so that that of the only term of its side has no effect; wanted weights also count between
    /// spaces.
    #[must_use]
    pub fn weight(mut self, weight: f32) -> Self {
        self.terms.iter_mut().for_each(|term| term.weight *= weight);
        self
    }
}

impl From<&str> for Query {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Query {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}
