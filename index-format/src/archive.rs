//! rkyv, in one place: validated access in, aligned bytes out.

use crate::FormatError;
use rkyv::api::high::{HighDeserializer, HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::Error;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Portable, Serialize};

/// Archives start at multiples of this inside their section.
pub const ARCHIVE_ALIGN: usize = 16;

/// The archived bytes of `value`.
///
/// # Errors
/// [`FormatError::Archive`] if the value cannot be archived (a single string or list of 2 GiB).
pub fn to_bytes<T>(what: &'static str, value: &T) -> Result<AlignedVec, FormatError>
where
    T: for<'a> Serialize<HighSerializer<AlignedVec, ArenaHandle<'a>, Error>>,
{
    rkyv::to_bytes::<Error>(value).map_err(|error| FormatError::Archive { what, offset: 0, why: error.to_string() })
}

/// The value archived in `bytes`, validated before it is read. `offset` is where they lie in the file, for the message.
///
/// # Errors
/// [`FormatError::Archive`] if the bytes are no valid archive of a `T`.
pub fn from_bytes<T>(what: &'static str, offset: u64, bytes: &[u8]) -> Result<T, FormatError>
where
    T: Archive,
    T::Archived: for<'a> CheckBytes<HighValidator<'a, Error>> + Deserialize<T, HighDeserializer<Error>> + Portable,
{
    // A file gives aligned bytes; a caller's slice, a fuzzer's for one, need not be.
    let mut aligned = AlignedVec::<ARCHIVE_ALIGN>::new();
    let bytes = if bytes.as_ptr().align_offset(ARCHIVE_ALIGN) == 0 {
        bytes
    } else {
        aligned.extend_from_slice(bytes);
        &aligned
    };
    let archived = archived::<T::Archived>(what, offset, bytes)?;
    rkyv::deserialize::<T, Error>(archived).map_err(|error| wrong(what, offset, error))
}

/// The archive in `bytes` where it lies, validated. `offset` is where they lie in the file, for the message.
///
/// # Errors
/// [`FormatError::Archive`] if the bytes are no valid archive, or do not start at a multiple of [`ARCHIVE_ALIGN`].
pub fn archived<'a, A>(what: &'static str, offset: u64, bytes: &'a [u8]) -> Result<&'a A, FormatError>
where
    A: for<'b> CheckBytes<HighValidator<'b, Error>> + Portable,
{
    rkyv::access::<A, Error>(bytes).map_err(|error| wrong(what, offset, error))
}

fn wrong(what: &'static str, offset: u64, error: Error) -> FormatError {
    FormatError::Archive { what, offset, why: error.to_string() }
}
