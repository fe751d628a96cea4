//! Which notes a filter lets through: a small language and a typed builder over the typed fields of notes, and the columns of
//! segments that answer it exactly before anything is searched.
//!
//! ```
//! use uninote::fields::Filter;
//! use uninote::{Index, Note, SearchOptions};
//!
//! # fn main() -> uninote::Result<()> {
//! let index = Index::in_memory()?;
//! index.add(Note::new("a").text("A quiet film.").field("year", 1994).field("genre", ["drama", "crime"]))?;
//! index.add(Note::new("b").text("A loud film.").field("year", 2021).field("genre", ["action"]))?;
//! index.commit()?;
//! let filter: Filter = "year >= 1990 and genre in (drama, comedy)".parse()?;
//! assert_eq!(filter, Filter::field("year").at_least(1990).and(Filter::field("genre").is_in(["drama", "comedy"])));
//! let answer = index.search("film", &SearchOptions::new().filter(filter))?;
//! assert_eq!(answer.hits.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # The language
//!
//! | what | matches notes |
//! |---|---|
//! | `year = 2021`, `year != 2021` | with this value; all others, those without the field among them |
//! | `year < 2021`, `<=`, `>`, `>=` | below, up to, above, from |
//! | `year in 1990..1999` | between, both ends included |
//! | `genre in (drama, "film noir")` | with one of the values |
//! | `name ^= "tom"` | with a value that begins so; case matters |
//! | `rating exists` | that have the field |
//! | `not a`, `a and b`, `a or b`, `( … )` | as usual: `not` binds closest, then `and`, then `or` |
//!
//! Words of letters, digits, `-`, `_`, `.`, `/` and the like need no quotes; anything may have them (`"film noir"`, `'it is'`,
//! with `\` before a quote or a `\`). What is not quoted is a number if it looks like one, a date if it looks like one, and
//! `true` or `false`. Of tags one is enough. Whole and other numbers compare with each other.
//!
//! Dates are `2021`, `2021-03`, `2021-03-11` or RFC 3339 (`2021-03-11T09:30:00Z`); a year, a month or a day is all of it: `date
//! = 2021-03` is any time of that March, `date > 2021-03` after it.
//!
//! `created` is when the note was made, `id` its id (`=`, `!=`, `in`, `^=`), unless there is a field of that name.
//!
//! A field that no note of the index has is an error that names the nearest one, and so is a comparison with a kind of value
//! that the field nowhere has.
//!
//! | file | what it does |
//! |---|---|
//! | `filter.rs` | [`Filter`], and the builder |
//! | `parse/` | text to filter |
//! | `show.rs` | filter to text |
//! | `date.rs` | dates that are spans |
//! | `resolve.rs` | names and types held against the columns there are |
//! | `evaluate.rs` | a filter on one segment: an exact set of notes |
//! | `range.rs` | what a comparison means in the keys of a column of numbers |
//! | `bitmap.rs` | sets of notes |
//! | `values.rs` | how many notes have which value, and notes in the order of one |

mod bitmap;
mod date;
mod error;
mod evaluate;
mod filter;
mod parse;
mod range;
mod resolve;
mod show;
mod values;

pub(crate) use bitmap::Bitmap;
pub use error::FilterError;
pub(crate) use evaluate::evaluate;
pub use filter::{Field, Filter};
pub(crate) use resolve::{check, has_field};
pub use values::FacetCount;
pub(crate) use values::{Key, facets, in_order, key_of, key_of_created, keys};

#[cfg(test)]
mod tests;
