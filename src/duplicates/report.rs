//! What a caller gets: clusters of notes, each note with the evidence that puts it there.

/// Clusters of notes that are the same or nearly so.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DuplicateReport {
    /// Largest first; of equal size, in the order of the notes to keep.
    pub clusters: Vec<Cluster>,
    /// Notes looked at.
    pub notes: u64,
    /// The commit that was looked at.
    pub generation: u64,
}

impl DuplicateReport {
    /// Notes that could go if one of each cluster stays.
    #[must_use]
    pub fn surplus(&self) -> usize {
        self.clusters.iter().map(|cluster| cluster.members.len().saturating_sub(1)).sum()
    }
}

/// Notes that belong together: each is a duplicate of at least one other.
///
/// A cluster is all that hangs together by pairs of duplicates. In a long chain its ends may be unlike each other, which
/// [`Cluster::loosest`] and [`Member::similarity`] show.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cluster {
    /// The suggested one to keep: the oldest, of equally old ones and those without a date the first by id.
    pub keep: String,
    /// The one to keep first, then by falling similarity to it, then by id.
    pub members: Vec<Member>,
    /// The lowest similarity of a member to the one to keep.
    pub loosest: f32,
}

/// A note of a cluster.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its date, in milliseconds since 1970 UTC.
    pub created: Option<i64>,
    /// Its similarity to the one to keep, 1 for that itself: of texts or pictures, whichever is higher. It may be below the
    /// threshold: then the note belongs to the cluster through another.
    pub similarity: f32,
    /// Why it is here: a strong pair by text and a strong one by picture. In a large cluster a stronger one may not have been
    /// looked for.
    pub evidence: Vec<Evidence>,
}

/// A pair that makes a note a duplicate.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Evidence {
    /// Id of the other note.
    pub with: String,
    /// What is alike.
    pub matching: Matching,
    /// How much, in (0, 1].
    pub similarity: f32,
    /// Whether it is the same: equal content, the same words in the same order, or equal bytes of a picture.
    pub exact: bool,
}

/// What is alike in two notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matching {
    /// Everything but the id: title, text, pictures, fields and date.
    Note,
    /// Title and text.
    Text,
    /// More than half of the pictures of both; the pair that is most alike is named.
    Picture {
        /// Number of the picture in this note, from 0.
        ordinal: u32,
        /// Number of the picture in the other note, from 0.
        with: u32,
    },
}
