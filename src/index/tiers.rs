//! Which segments are merged, by their sizes alone: so many of about one size make one of the next size up, as in a
//! log-structured merge tree (O'Neil et al. 1996) and in Lucene's `LogMergePolicy`. A note is written again once a level, and
//! an index has at most [`FANOUT`] segments less one on each.

/// Segments of one level that are merged.
const FANOUT: usize = 8;
/// Rows of the largest segments on the lowest level.
const LOWEST_ROWS: u64 = 512;
/// A segment with one deleted note in so many is written anew.
const DELETED_SHARE: u64 = 5;
/// Fewer deleted notes than this are no reason to write a segment anew.
const DELETED_LEAST: u64 = 32;

/// What is known of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Rows of live notes in all spaces, and the notes.
    pub(super) rows: u64,
    /// Bytes of live notes.
    pub(super) bytes: u64,
    /// Notes, the deleted ones included.
    pub(super) notes: u64,
    /// Deleted notes.
    pub(super) deleted: u64,
}

impl Size {
    /// How often the smallest size has grown by the fan-out.
    fn level(self) -> u32 {
        (self.rows / LOWEST_ROWS).checked_ilog(FANOUT as u64).map_or(0, |level| level + 1)
    }

    /// Whether it is worth writing anew for the space that comes back.
    const fn wastes(self) -> bool {
        self.deleted * DELETED_SHARE >= self.notes && self.deleted >= DELETED_LEAST
    }
}

/// Rows and bytes of several.
pub(super) fn total(sizes: impl IntoIterator<Item = Size>) -> (u64, u64) {
    sizes.into_iter().fold((0, 0), |(rows, bytes), size| (rows + size.rows, bytes + size.bytes))
}

/// The segments to be merged next, if any, of which no more bytes than these are to be held at once: those of a full level
/// together with all smaller ones, or one that wastes space with all that are smaller than it.
pub(super) fn due(sizes: &[Size], bytes: u64) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..sizes.len()).filter(|place| sizes[*place].bytes <= bytes).collect();
    order.sort_by_key(|place| (sizes[*place].level(), sizes[*place].bytes));
    let highest = order.last().map(|place| sizes[*place].level())?;
    (0..=highest).rev().find_map(|level| {
        let of_level = |place: &&usize| sizes[**place].level() == level;
        // What alone takes half of the room gets no company: it would be written again and again.
        let small = |place: &&usize| sizes[**place].bytes <= bytes / 2;
        let smaller = order.iter().filter(|place| sizes[**place].level() < level);
        let first: Vec<usize> = if order.iter().filter(of_level).filter(small).count() >= FANOUT {
            order.iter().filter(of_level).filter(small).copied().collect()
        } else {
            order.iter().filter(of_level).find(|place| sizes[**place].wastes()).into_iter().copied().collect()
        };
        if first.is_empty() {
            return None;
        }
        let mut room = bytes;
        let mut fits = |place: &usize| {
            let fits = sizes[*place].bytes <= room;
            room -= if fits { sizes[*place].bytes } else { 0 };
            fits
        };
        let mut group: Vec<usize> = first.into_iter().filter(&mut fits).collect();
        group.extend(smaller.copied().filter(&mut fits));
        group.sort_unstable();
        Some(group)
    })
}

/// All segments, in as few groups as there can be of no more bytes than these, or of one segment.
pub(super) fn packed(sizes: &[Size], bytes: u64) -> Vec<Vec<usize>> {
    let mut groups: Vec<(u64, Vec<usize>)> = Vec::new();
    for (place, size) in sizes.iter().enumerate() {
        match groups.iter_mut().find(|(held, _)| held.saturating_add(size.bytes) <= bytes) {
            Some((held, group)) => {
                *held += size.bytes;
                group.push(place);
            }
            None => groups.push((size.bytes, vec![place])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(rows: u64) -> Size {
        Size { rows, bytes: rows * 1_000, notes: rows / 2, deleted: 0 }
    }

    #[test]
    fn a_full_level_is_merged_with_all_that_is_smaller() {
        assert_eq!(due(&[], u64::MAX), None);
        assert_eq!(due(&[live(2); 7], u64::MAX), None);
        assert_eq!(due(&[live(2); 8], u64::MAX), Some((0..8).collect()));
        let mut sizes = vec![live(1_000_000), live(2)];
        sizes.extend([live(1_000); 8]);
        assert_eq!(due(&sizes, u64::MAX), Some((1..10).collect()));
        assert_eq!(due(&sizes, 4_000_000), Some(vec![2, 3, 4, 5]), "as many as there is room for");
    }

    #[test]
    fn what_wastes_space_is_written_anew_with_what_is_smaller() {
        let wasting = |rows| Size { deleted: rows / 10, ..live(rows) };
        let sizes = [live(5_000), wasting(5_000), live(10), live(100_000)];
        assert_eq!(due(&sizes, u64::MAX), Some(vec![1, 2]));
        assert_eq!(due(&sizes, 1_000), None, "there is no room for it");
        assert_eq!(due(&[Size { deleted: 99, ..live(1_000) }], u64::MAX), None, "99 of 500 is little");
        assert_eq!(
            due(&[Size { deleted: 5, ..live(10) }], u64::MAX),
            None,
            "5 notes are little, whatever share they are"
        );
    }

    #[test]
    fn thousands_of_commits_of_a_note_leave_few_segments_and_little_is_written_twice() {
        let (mut sizes, mut written, mut most) = (Vec::new(), 0, 0);
        let notes = 20_000;
        for _ in 0..notes {
            sizes.push(live(2));
            while let Some(group) = due(&sizes, u64::MAX) {
                let (rows, _) = total(group.iter().map(|place| sizes[*place]));
                written += rows;
                let mut place = 0..;
                sizes.retain(|_| !group.contains(&place.next().unwrap()));
                sizes.push(live(rows));
            }
            most = most.max(sizes.len());
        }
        assert_eq!(total(sizes.iter().copied()).0, 2 * notes);
        assert!(most <= 7 * 5, "{most} segments");
        // The lowest level is one of many small sizes: there a note is written up to half of 512 / (7 * 2) times.
        assert!(written < 2 * notes * 30, "each row was written {} times", written / (2 * notes));
    }

    #[test]
    fn packing_leaves_nothing_out_and_keeps_to_the_bytes() {
        let sizes: Vec<Size> = [5, 900, 40, 300, 300, 2_000, 7].into_iter().map(live).collect();
        assert_eq!(packed(&sizes, u64::MAX), [(0..7).collect::<Vec<_>>()]);
        let groups = packed(&sizes, 1_000_000);
        let mut all: Vec<usize> = groups.concat();
        all.sort_unstable();
        assert_eq!(all, (0..7).collect::<Vec<_>>());
        for group in groups {
            let (_, bytes) = total(group.iter().map(|place| sizes[*place]));
            assert!(bytes <= 1_000_000 || group.len() == 1, "{group:?}");
        }
    }
}
