//! Why a picture was refused, with what can be done about it.

use super::PictureFormat;

/// Why a picture was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// None of the formats that are read.
    #[error("not a PNG, JPEG, GIF, WebP or AVIF picture: {looks} of {bytes} bytes; convert it to one of these")]
    NotAPicture {
        /// Length of the file.
        bytes: usize,
        /// What it looks like.
        looks: &'static str,
    },
    /// The file is damaged or cut short.
    #[error("the {format} picture is damaged: {why}; export it again")]
    Damaged {
        /// Name of the format.
        format: &'static str,
        /// What the decoder met.
        why: String,
    },
    /// A part of a format that is not read.
    #[error("the {format} picture has {what}, which is not read; convert it to PNG or JPEG")]
    Unsupported {
        /// Name of the format.
        format: &'static str,
        /// What it has.
        what: String,
    },
    /// The file is larger than [`PictureLimits::bytes`](super::PictureLimits::bytes).
    #[error("the picture file has {bytes} bytes, more than {limit}; make it smaller")]
    LargeFile {
        /// Length of the file.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// More pixels than [`PictureLimits`](super::PictureLimits) allow.
    #[error(
        "the picture is {width} x {height} pixels, more than {side} a side or {pixels} in all; \
         scale it down"
    )]
    LargePicture {
        /// Width found.
        width: u32,
        /// Height found.
        height: u32,
        /// Limit of one side.
        side: u32,
        /// Limit of the product.
        pixels: u64,
    },
}

impl PictureError {
    pub(super) fn damaged(format: PictureFormat, why: impl Into<String>) -> Self {
        Self::Damaged { format: format.name(), why: why.into().trim_end().to_owned() }
    }

    #[cfg(feature = "avif")]
    pub(super) fn unsupported(format: PictureFormat, what: impl Into<String>) -> Self {
        Self::Unsupported { format: format.name(), what: what.into() }
    }
}
