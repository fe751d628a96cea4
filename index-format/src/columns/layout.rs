//! Sizes and offsets of what columns lie in, as `SPEC.md` tables them, held to it by the compiler; and the keys that numbers
//! are sorted by.

use crate::Extent;
use bytemuck::{Pod, Zeroable};
use std::mem::{offset_of, size_of};

/// One column: the values of one field in one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ColumnEntry {
    /// Its field's name in `column texts`.
    pub name: Extent,
    /// The number in `column values` of the set of all notes that have it.
    pub all: u64,
    /// Its first element: in `column values` of words and bools, where it is `all` + 1; of numbers in `column numbers`.
    pub first: u64,
    /// Elements: distinct values of words and bools, one a note of numbers.
    pub count: u64,
    /// A [`ColumnKind`] number.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

/// A value and the notes that have it; of the set of all notes of a column the value is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ColumnValue {
    /// The value in `column texts`.
    pub text: Extent,
    /// First element of its notes: in `column bits` where `dense` is 1, else in `column lists`.
    pub first: u64,
    /// How many notes.
    pub notes: u32,
    /// Whether its notes are a bit each of all notes, instead of a list.
    pub dense: u32,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum ColumnKind {
    /// One word or name a note.
    Keyword = 0,
    /// Several of them.
    Tags = 1,
    /// Whole numbers.
    Integer = 2,
    /// Finite numbers.
    Float = 3,
    /// Milliseconds since 1970 UTC.
    DateTime = 4,
    /// `false` and `true`.
    Bool = 5,
    /// When the note was made, milliseconds since 1970 UTC: no field, so without a name.
    Created = 6,
}

impl ColumnKind {
    /// Every kind, in ascending order of number.
    pub const ALL: [Self; 7] =
        [Self::Keyword, Self::Tags, Self::Integer, Self::Float, Self::DateTime, Self::Bool, Self::Created];

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == number)
    }

    /// Whether its values are numbers, one a note; else they are texts, each with the notes that have it.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::DateTime | Self::Created)
    }

    /// The word used in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Tags => "tags",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::DateTime | Self::Created => "date-time",
            Self::Bool => "bool",
        }
    }
}

/// Words of 64 bits with one bit for each of so many notes.
#[must_use]
pub const fn bit_words(notes: usize) -> usize {
    notes.div_ceil(64)
}

/// Whether a set of so many among all notes is shorter as bits than as a list.
#[must_use]
pub const fn is_dense(members: usize, notes: usize) -> bool {
    bit_words(notes).saturating_mul(size_of::<u64>()) < members.saturating_mul(size_of::<u32>())
}

/// The key that sorts as the number does.
#[must_use]
pub const fn key_of_integer(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

/// The number of a key.
#[must_use]
pub const fn integer_of_key(key: u64) -> i64 {
    (key ^ (1 << 63)).cast_signed()
}

/// The key that sorts as the number does; both zeros have the same.
#[must_use]
pub const fn key_of_float(number: f64) -> u64 {
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    if bits >> 63 == 1 { !bits } else { bits ^ (1 << 63) }
}

/// The number of a key.
#[must_use]
pub const fn float_of_key(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ (1 << 63) } else { !key })
}

const _: () = {
    assert!(size_of::<ColumnEntry>() == 48);
    assert!(offset_of!(ColumnEntry, name) == 0);
    assert!(offset_of!(ColumnEntry, all) == 16);
    assert!(offset_of!(ColumnEntry, first) == 24);
    assert!(offset_of!(ColumnEntry, count) == 32);
    assert!(offset_of!(ColumnEntry, kind) == 40);
    assert!(offset_of!(ColumnEntry, reserved) == 44);
    assert!(size_of::<ColumnValue>() == 32);
    assert!(offset_of!(ColumnValue, text) == 0);
    assert!(offset_of!(ColumnValue, first) == 16);
    assert!(offset_of!(ColumnValue, notes) == 24);
    assert!(offset_of!(ColumnValue, dense) == 28);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_their_numbers_do_and_give_them_back() {
        let integers = [i64::MIN, -7, -1, 0, 1, 7, i64::MAX];
        assert!(integers.windows(2).all(|pair| key_of_integer(pair[0]) < key_of_integer(pair[1])));
        assert!(integers.iter().all(|number| integer_of_key(key_of_integer(*number)) == *number));
        let floats = [f64::MIN, -1.5, -1e-300, 0.0, 1e-300, 1.5, f64::MAX];
        assert!(floats.windows(2).all(|pair| key_of_float(pair[0]) < key_of_float(pair[1])));
        assert!(floats.iter().all(|number| float_of_key(key_of_float(*number)) == *number));
        assert_eq!(key_of_float(-0.0), key_of_float(0.0));
    }

    #[test]
    fn the_shorter_form_of_a_set_is_taken() {
        assert!(!is_dense(0, 0) && !is_dense(2, 64) && is_dense(3, 64));
        assert!(!is_dense(6_250, 200_000) && is_dense(6_251, 200_000));
    }
}
