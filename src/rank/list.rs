//! One training list: the candidates of a query, and how good each is.

use super::{RankError, Table};

/// The candidates of one query with what is known about them.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// Raw features of the candidates.
    pub table: Table,
    /// Grade of each candidate: 0 is of no use, more is better; gains are the grades themselves, as trec_eval's nDCG takes
    /// them.
    pub grades: Vec<f32>,
    /// Grades of relevant notes that are not among the candidates: no order of these reaches them, the ideal one counts them.
    pub unretrieved: Vec<f32>,
    /// A teacher's score for each candidate, where there was one.
    pub teacher: Option<Vec<f32>>,
    /// The collection it comes from: each weighs the same in training, however many lists it has.
    pub group: u32,
}

impl List {
    /// Whether some order of the candidates is better than another.
    #[must_use]
    pub fn orders_differ(&self) -> bool {
        let mut grades = self.grades.iter();
        grades.next().is_some_and(|first| grades.any(|grade| grade != first))
    }

    /// Refuses lists that contradict themselves.
    pub(super) fn check(&self, number: usize, width: usize) -> Result<(), RankError> {
        let refuse = |why| Err(RankError::List { number, why });
        let counts = |grade: &f32| grade.is_finite() && (0.0..=1e6).contains(grade);
        if self.table.width() != width {
            return Err(RankError::Width { expected: width, got: self.table.width() });
        }
        if self.grades.len() != self.table.len() {
            return refuse("give one grade a candidate");
        }
        if !self.grades.iter().chain(&self.unretrieved).all(counts) {
            return refuse("grades are finite, not below 0 and not above a million");
        }
        match &self.teacher {
            Some(teacher) if teacher.len() != self.grades.len() => {
                refuse("give one score of the teacher's a candidate")
            }
            Some(teacher) if !teacher.iter().all(|score| score.is_finite()) => refuse("a teacher's scores are finite"),
            _ => Ok(()),
        }
    }
}

/// Checks all lists of a training run.
pub(super) fn check_all(lists: &[List], width: usize) -> Result<(), RankError> {
    lists.iter().enumerate().try_for_each(|(number, list)| list.check(number, width))?;
    if lists.iter().any(List::orders_differ) { Ok(()) } else { Err(RankError::NothingToLearn { lists: lists.len() }) }
}
