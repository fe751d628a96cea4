//! An embedded multimodal vector search engine with its encoder inside.
//!
//! Hand it notes (a title, a text, pictures, typed fields); it answers, in the same process, with no server and no network,
//! what matches a text, what is like a given note, and which passage says so.
//!
//! ```
//! use uninote::{Index, Note, SearchOptions};
//!
//! # fn main() -> uninote::Result<()> {
//! let index = Index::in_memory()?; // or Index::create("notes.index")?
//! index.add(Note::new("soup").title("Tomato soup").text("Roast the tomatoes with garlic, then blend them."))?;
//! index.add(Note::new("moon").title("The moon").text("It waxes from new to full and wanes again in a month."))?;
//! index.commit()?;
//!
//! let answer = index.search("vegetable dinner", &SearchOptions::new().k(1))?;
//! assert_eq!(answer.hits[0].id, "soup");
//! assert!(answer.hits[0].passage.as_ref().is_some_and(|passage| passage.text.contains("tomatoes")));
//! # Ok(())
//! # }
//! ```
//!
//! # Writing
//!
//! [`Index::add`], [`Index::update`], [`Index::put`] and [`Index::delete`] buffer; [`Index::commit`] makes all of it durable
//! and visible, or, after an error or a crash, none of it. There is one writer at a time, in this process or another: a
//! second one gets an error that names the first. What is not committed is gone with the handle. Many commits leave many
//! segments: [`Index::compact`] merges them, gives the space of deleted notes back and builds the graphs that make large
//! collections fast.
//!
//! # Reading
//!
//! [`Index::search`] takes a text, a picture, a vector, or notes to be like ([`Query`]). A caller says how many hits ([`SearchOptions::k`]) and,
//! if they care, which share of the true best must be among them ([`SearchOptions::recall`], 0.95 unless said otherwise; 1
//! is exact). The engine picks the cheapest way that gave this recall when the segment was built, and the [`Answer`] says
//! what was done. Every [`Hit`] names the part of the note that won ([`Row`]) and the passage closest to the query.
//! [`Index::snapshot`] holds one committed state for as long as it is wanted; other processes' commits are seen after
//! [`Index::refresh`].
//!
//! ```
//! use uninote::{Granularity, Index, Like, Note, SearchOptions};
//!
//! # fn main() -> uninote::Result<()> {
//! # let index = Index::in_memory()?;
//! # for (id, text) in [("a", "How to sharpen a kitchen knife."), ("b", "Caring for knives and scissors."), ("c", "Stars.")] {
//! #     index.add(Note::new(id).text(text))?;
//! # }
//! # index.commit()?;
//! let options = SearchOptions::new().k(1).recall(1.0).granularity(Granularity::Global);
//! let first = index.similar("a", Like::Note, &options)?;
//! assert_eq!(first.hits[0].id, "b");
//! let second = index.similar("a", Like::Note, &options.after(first.next.expect("there is a second page")))?;
//! assert_eq!(second.hits[0].id, "c");
//! # Ok(())
//! # }
//! ```
//!
//! A [`Query`] can also be a picture, several notes, and any of these together, each with a weight, and can turn away from
//! others: `Query::picture(photo).and("this, but red")`, `Query::like(["a", "b"]).unlike(Query::similar("c"))`.
//!
//! # The order of an answer
//!
//! A query with words is answered by vectors and by words together, in the order of a trained head ([`rank`]); one without, by
//! cosine. [`SearchOptions::mode`] asks for one of them alone, [`SearchOptions::explain`] says how a hit came to its place, and
//! [`SearchOptions::decay`], [`fold`](SearchOptions::fold) and [`diversity`](SearchOptions::diversity) arrange what comes of it. A
//! score is a cosine in [`Mode::Dense`] only; in all modes scores fall along an answer.
//!
//! ```
//! use uninote::{Index, Mode, Note, SearchOptions};
//!
//! # fn main() -> uninote::Result<()> {
//! let index = Index::in_memory()?;
//! index.add(Note::new("pump").title("Error E-17").text("The pump reports E-17 when its filter is blocked."))?;
//! index.add(Note::new("fan").title("Error E-23").text("The fan reports E-23 when it is not turning."))?;
//! index.commit()?;
//! let answer = index.search("what does E-23 mean", &SearchOptions::new().explain(true))?;
//! assert_eq!((answer.mode, answer.hits[0].id.as_str()), (Mode::Ranked, "fan"));
//! assert_eq!(answer.hits[0].explanation.as_ref().and_then(|why| why.lexical), Some(0));
//! # Ok(())
//! # }
//! ```
//!
//! [`Index::train`] makes a head of your own judgments, [`Index::feedback`] keeps what people choose for it to learn from, and
//! [`eval`] says whether any of it is better. [`Index::duplicates`] finds notes that are the same or nearly so.
//!
//! # Spaces of the caller's
//!
//! Besides what its encoder makes of notes, an index can hold vectors of the caller's in spaces with a name: another modality
//! such as sound, an aspect, what goes well with what. Each has its own width, and is searched alone or together with others.
//!
//! ```
//! use uninote::{Index, IndexOptions, Note, Query, SearchOptions};
//! use std::sync::Arc;
//!
//! # fn main() -> uninote::Result<()> {
//! let storage = Arc::new(uninote::disk::MemoryStorage::new());
//! let index = Index::create_in(storage, IndexOptions::new().space("audio", 3))?;
//! index.put(Note::new("surf").text("Waves break on the beach.").vector("audio", [0.9, 0.1, 0.2]))?;
//! index.put(Note::new("rain").text("Rain on a tin roof.").vector("audio", [0.2, 0.9, 0.1]))?;
//! index.commit()?;
//! let heard = index.search(Query::vector_in("audio", [0.1, 1.0, 0.0]), &SearchOptions::new())?;
//! assert_eq!(heard.hits[0].id, "rain");
//! let both = Query::text("the sea").and(Query::vector_in("audio", [1.0, 0.0, 0.0]));
//! assert_eq!(index.search(both, &SearchOptions::new())?.hits[0].id, "surf");
//! # Ok(())
//! # }
//! ```
//!
//! # Encoders
//!
//! The built-in encoder ([`encode::builtin`]) reads text, made for English, and pictures, and needs no file and no network. Any
//! other is an implementation of [`encode::Encoder`]; an index records whose vectors it holds and refuses another's. Callers who
//! have vectors already create the index for them:
//!
//! ```
//! use uninote::{Index, IndexOptions, Note, Query, SearchOptions};
//! use std::sync::Arc;
//!
//! # fn main() -> uninote::Result<()> {
//! let storage = Arc::new(uninote::disk::MemoryStorage::new());
//! let index = Index::create_in(storage, IndexOptions::new().external_vectors(3))?;
//! index.put_with_vector(Note::new("x").title("east"), &[2.0, 0.0, 0.0])?;
//! index.put_with_vector(Note::new("y").title("north"), &[0.0, 1.0, 0.0])?;
//! index.commit()?;
//! let answer = index.search(Query::vector([0.9, 0.1, 0.0]), &SearchOptions::new())?;
//! assert_eq!(answer.hits[0].id, "x");
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//!
//! 2^32 rows a segment, 64 MiB of text a note, vectors of up to 65,536 dimensions. Little-endian targets only: index files
//! are mapped as they are. Files may change without a way to upgrade until release 0.1.0, and say so with a clear error.

pub mod disk;
pub mod duplicates;
pub mod encode;
pub mod error;
pub mod eval;
pub mod fields;
mod graph;
#[cfg(feature = "hub")]
pub mod hub;
pub mod import;
pub mod index;
pub mod lexical;
mod measure;
pub mod note;
pub mod query;
pub mod rank;
mod segment;
pub mod vector;

pub use error::{Error, Result};
pub use index::{Commit, Index, IndexOptions, Snapshot, Stats, VerifyReport};
pub use note::{Note, Picture, Value};
pub use query::{Answer, Cancel, Cursor, Granularity, Hit, Like, Mode, Query, Row, SearchOptions};

/// The README's examples are held to what they claim.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// So are those of docs/RANKING.md.
#[cfg(doctest)]
#[doc = include_str!("../docs/RANKING.md")]
struct Ranking;

/// And those of docs/FILTERS.md.
#[cfg(doctest)]
#[doc = include_str!("../docs/FILTERS.md")]
struct Filters;

/// The naive twin of the integration tests, here for those within the rooms.
#[cfg(test)]
#[path = "../tests/oracle/mod.rs"]
mod oracle;
