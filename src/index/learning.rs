//! The calls of an index about what it learns: feedback, training, the ranking head.

use super::writer::Writer;
use super::{Commit, Index, Judged, TrainOptions, TrainReport};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::query::Query;
use crate::rank::Head;

impl Index {
    /// Keeps what was chosen of what was shown for a query, for a ranking head to learn from. `shown` are the ids of the notes
    /// in the order they were shown in, from the first place on; `chosen` are those of them that were of use: none, one or
    /// several. It is written by the next commit and read by nobody but [`Index::train`]; it leaves this machine with the
    /// index only. A picture of the query is kept as what the encoder made of it.
    ///
    /// # Errors
    /// [`Error::Query`] for a query that is none, and where something chosen was not shown; what the encoder does not read.
    pub fn feedback(&self, query: impl Into<Query>, shown: &[String], chosen: &[String]) -> Result<()> {
        let query = query.into();
        self.write(|writer| writer.feedback(&query, shown, chosen))
    }

    /// Commits what is written, trains a ranking head on judged queries, and puts it in the place of the present one if it is
    /// better on queries held out, by nDCG@10 and beyond chance (paired bootstrap, 95 %). The report says what came of it.
    ///
    /// # Errors
    /// [`Error::Rank`] where there is nothing to learn from; those of [`Index::commit`].
    pub fn train(&self, judged: &[Judged], options: &TrainOptions) -> Result<TrainReport> {
        self.write(|writer| writer.train(judged, options))
    }

    /// As [`Index::train`], on the feedback in the index, with each choice weighted by how few look at the place it had.
    ///
    /// # Errors
    /// As [`Index::train`].
    pub fn train_on_feedback(&self, options: &TrainOptions) -> Result<TrainReport> {
        self.write(|writer| {
            let judged = writer.chosen()?;
            writer.train(&judged, options)
        })
    }

    /// Puts a head in the place of the present one, whatever it is worth, and commits.
    ///
    /// # Errors
    /// Those of [`Index::commit`].
    pub fn install_head(&self, head: &Head) -> Result<Commit> {
        self.write(|writer| writer.install_head(head))
    }

    /// Goes back to the head that comes with the library, and commits.
    ///
    /// # Errors
    /// Those of [`Index::commit`].
    pub fn remove_head(&self) -> Result<Commit> {
        self.write(Writer::remove_head)
    }

    /// Erases all feedback and commits, together with what is written already.
    ///
    /// # Errors
    /// Those of [`Index::commit`].
    pub fn forget_feedback(&self) -> Result<Commit> {
        self.write(Writer::forget_feedback)
    }
}
