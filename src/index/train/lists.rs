//! What a ranking head learns from: for each judged query the candidates, their features and their grades.

use super::super::snapshot::Snapshot;
use super::super::target::target;
use super::judged::{Judged, is_of_query, worth};
use crate::error::{Error, Result};
use crate::query::{Cancel, Contest, Mode, SearchOptions, contest};
use crate::rank::{List, Schema};
use rayon::prelude::*;
use std::collections::HashMap;

impl Snapshot {
    /// What a head learns from: for each query the candidates, their features and their grades. The features are those that
    /// any head can read, and `fields` of the notes. Queries that cannot be asked of this index are left out; a grade below 0
    /// counts as 0, and one of a note that is not there or no answer to the query counts nothing. `group` tells the lists of
    /// several collections apart.
    ///
    /// # Errors
    /// [`Error::Rank`] for fields that cannot be features; an encoder that is absent or fails; damage met on the way.
    pub fn lists(&self, judged: &[Judged], fields: &[String], group: u32) -> Result<Vec<List>> {
        let lists = self.lists_until(judged, &Schema::built_in().with_fields(fields)?, group, None)?;
        Ok(lists.into_iter().map(|(_, list)| list).collect())
    }

    /// As [`Snapshot::lists`], each with what it is the list of.
    pub(super) fn lists_until<'a>(
        &self,
        judged: &'a [Judged],
        schema: &Schema,
        group: u32,
        cancel: Option<&Cancel>,
    ) -> Result<Vec<(&'a Judged, List)>> {
        let list = |judged| match self.list_of(judged, schema, group) {
            _ if cancel.is_some_and(Cancel::is_cancelled) => Some(Err(Error::Cancelled)),
            Ok(list) => Some(Ok((judged, list))),
            Err(error) if is_of_query(&error) => {
                tracing::debug!(%error, "a judged query is left out");
                None
            }
            Err(error) => Some(Err(error)),
        };
        judged.par_iter().filter_map(list).collect()
    }

    fn list_of(&self, judged: &Judged, schema: &Schema, group: u32) -> Result<List> {
        let options = SearchOptions::new().mode(Mode::Ranked);
        let target = target(self, &judged.query, options.mode)?;
        let Contest { table, ids } = contest(&self.scope(), &target, &options, schema)?;
        let mut grades: HashMap<&str, f32> =
            judged.grades.iter().map(|(id, grade)| (id.as_str(), worth(*grade))).collect();
        let found = ids.iter().map(|id| grades.remove(id.as_str()).unwrap_or(0.0)).collect();
        let mut unretrieved = Vec::new();
        for (id, grade) in grades {
            // What nobody can find is no fault of an order that does not have it.
            if grade > 0.0 && !target.exclude.iter().any(|left_out| left_out == id) && self.find(id)?.is_some() {
                unretrieved.push(grade);
            }
        }
        unretrieved.sort_unstable_by(f32::total_cmp);
        Ok(List { table, grades: found, unretrieved, teacher: None, group })
    }
}
