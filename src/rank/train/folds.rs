//! Which lists train and which are held out: by list (a query) within each collection, or whole collections.

use super::super::List;
use super::super::random::Random;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Numbers of the lists that train and of those held out, both in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Those to learn from.
    pub train: Vec<usize>,
    /// Those to judge by.
    pub held_out: Vec<usize>,
}

impl Split {
    fn of(total: usize, mut held_out: Vec<usize>) -> Self {
        held_out.sort_unstable();
        let train = (0..total).filter(|number| held_out.binary_search(number).is_err()).collect();
        Self { train, held_out }
    }
}

/// The numbers of the lists of each collection.
pub(super) fn by_group(lists: &[List], numbers: impl Iterator<Item = usize>) -> BTreeMap<u32, Vec<usize>> {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for number in numbers {
        if let Some(list) = lists.get(number) {
            groups.entry(list.group).or_default().push(number);
        }
    }
    groups
}

/// Holds a share of each collection's lists out: at least one of two or more lists, and never all.
#[must_use]
pub fn split(lists: &[List], share: f64, seed: u64) -> Split {
    let mut random = Random::new(seed, 2);
    let mut held_out = Vec::new();
    for mut numbers in by_group(lists, 0..lists.len()).into_values() {
        random.shuffle(&mut numbers);
        let most = numbers.len().saturating_sub(1);
        let wanted = (numbers.len() as f64 * share).round() as usize;
        held_out.extend(numbers.into_iter().take(wanted.clamp(most.min(1), most)));
    }
    Split::of(lists.len(), held_out)
}

/// Cross-validation within collections: each list is held out in exactly one of `count` splits, and each split holds out
/// the same share of every collection.
#[must_use]
pub fn folds(lists: &[List], count: usize, seed: u64) -> Vec<Split> {
    if count == 0 {
        return Vec::new();
    }
    let mut random = Random::new(seed, 3);
    let mut parts = vec![Vec::new(); count];
    for mut numbers in by_group(lists, 0..lists.len()).into_values() {
        random.shuffle(&mut numbers);
        // Another first part for each collection: else small collections all end up in the first ones.
        let first = random.below(count);
        for (place, number) in numbers.into_iter().enumerate() {
            if let Some(part) = parts.get_mut((first + place) % count) {
                part.push(number);
            }
        }
    }
    parts.into_iter().map(|held_out| Split::of(lists.len(), held_out)).collect()
}

/// A split a collection, in the order of their numbers, that holds out all of it: how a head does on a collection it has
/// never seen.
#[must_use]
pub fn leave_one_group_out(lists: &[List]) -> Vec<(u32, Split)> {
    let groups = by_group(lists, 0..lists.len()).into_iter();
    groups.map(|(group, numbers)| (group, Split::of(lists.len(), numbers))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::Table;
    use super::*;

    fn lists(groups: &[(u32, usize)]) -> Vec<List> {
        let list = |group| List {
            table: Table::with_capacity(1, 0),
            grades: Vec::new(),
            unretrieved: Vec::new(),
            teacher: None,
            group,
        };
        groups.iter().flat_map(|(group, count)| (0..*count).map(move |_| list(*group))).collect()
    }

    fn assert_whole(split: &Split, total: usize) {
        let mut all = [split.train.clone(), split.held_out.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..total).collect::<Vec<_>>());
    }

    #[test]
    fn a_share_of_every_collection_is_held_out() {
        let lists = lists(&[(7, 100), (1, 10), (3, 2), (9, 1)]);
        let split = split(&lists, 0.2, 4);
        assert_whole(&split, 113);
        let groups = by_group(&lists, split.held_out.iter().copied());
        let counts: Vec<(u32, usize)> = groups.into_iter().map(|(group, numbers)| (group, numbers.len())).collect();
        assert_eq!(counts, [(1, 2), (3, 1), (7, 20)]);
        assert_eq!(split, self::split(&lists, 0.2, 4));
        assert_ne!(split, self::split(&lists, 0.2, 5));
        assert_eq!(self::split(&lists, 5.0, 1).train.len(), 4, "one list of each collection is left to train");
    }

    #[test]
    fn every_list_is_held_out_once() {
        let lists = lists(&[(0, 23), (1, 7)]);
        let splits = folds(&lists, 5, 1);
        let mut held_out: Vec<usize> = splits.iter().flat_map(|split| split.held_out.clone()).collect();
        held_out.sort_unstable();
        assert_eq!(held_out, (0..30).collect::<Vec<_>>());
        for split in &splits {
            assert_whole(split, 30);
            let of_first = split.held_out.iter().filter(|number| **number < 23).count();
            assert!((4..=5).contains(&of_first), "{of_first} of 23");
        }
        assert!(folds(&lists, 0, 1).is_empty());
    }

    #[test]
    fn whole_collections_are_left_out() {
        let lists = lists(&[(5, 3), (2, 4)]);
        let splits = leave_one_group_out(&lists);
        assert_eq!(splits.iter().map(|(group, _)| *group).collect::<Vec<_>>(), [2, 5]);
        assert_eq!(splits[0].1.held_out, [3, 4, 5, 6]);
        assert_eq!(splits[0].1.train, [0, 1, 2]);
    }
}
