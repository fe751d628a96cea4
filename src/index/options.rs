//! How an index is created: whose vectors it holds, and whether it keeps picture bytes.

use crate::encode::{EncoderInfo, SharedEncoder, builtin::Builtin};
use crate::error::{Error, Result};
use crate::lexical::Language;
use crate::vector::VectorError;
use index_format::layout::OWN_SPACES;
use index_format::{EncoderRecord, Manifest};

/// The name recorded for vectors the caller brings.
pub(super) const EXTERNAL: &str = "external";
/// Widest vectors accepted: keeps every size computed from a width far from overflow.
const WIDTH_MAX: usize = 65_536;

/// How an index is created.
#[derive(Clone, Default)]
pub struct IndexOptions {
    pub(super) source: WantedSource,
    pub(super) keeps_pictures: bool,
    pub(super) picture_regions: bool,
    pub(super) language: Language,
    /// Names and widths of spaces for the caller's vectors.
    pub(super) spaces: Vec<(String, usize)>,
}

impl std::fmt::Debug for IndexOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("IndexOptions");
        shown.field("keeps_pictures", &self.keeps_pictures).field("picture_regions", &self.picture_regions);
        shown.field("language", &self.language).field("spaces", &self.spaces).finish_non_exhaustive()
    }
}

impl IndexOptions {
    /// The built-in encoder; of the files of pictures only hash, size and path are kept.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Vectors come from this encoder.
    #[must_use]
    pub fn encoder(mut self, encoder: SharedEncoder) -> Self {
        self.source = WantedSource::Encoder(encoder);
        self
    }

    /// Vectors of this width come from the caller ([`Index::put_with_vector`](crate::Index::put_with_vector)).
    #[must_use]
    pub fn external_vectors(mut self, width: usize) -> Self {
        self.source = WantedSource::External(width);
        self
    }

    /// Whether the bytes of pictures are kept in the index, so that it needs their originals no more.
    #[must_use]
    pub const fn keep_pictures(mut self, keep: bool) -> Self {
        self.keeps_pictures = keep;
        self
    }

    /// Whether regions of pictures get rows of their own, for finding a detail inside a picture: nine cells that overlap by
    /// half ([`Pixels::regions`](crate::note::Pixels::regions)). Each costs as much as a picture, in time and in space. Without
    /// effect where the encoder sees no pictures.
    #[must_use]
    pub const fn picture_regions(mut self, regions: bool) -> Self {
        self.picture_regions = regions;
        self
    }

    /// The language that words are read in: [`Language::English`] unless said otherwise. For good: an index of another
    /// language is another index.
    #[must_use]
    pub const fn language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// A further vector space of this width for the caller's own vectors ([`Note::vector`](crate::Note::vector)): another
    /// modality, an aspect, a complementary relation. Its name has 1 to 64 ASCII letters, digits, `-`, `_` and `.`; there
    /// are at most 64 of them.
    #[must_use]
    pub fn space(mut self, name: impl Into<String>, width: usize) -> Self {
        self.spaces.push((name.into(), width));
        self
    }
}

#[derive(Clone, Default)]
pub(super) enum WantedSource {
    #[default]
    Builtin,
    Encoder(SharedEncoder),
    External(usize),
}

impl WantedSource {
    pub(super) fn resolve(self) -> Result<VectorSource> {
        match self {
            Self::Builtin => Ok(VectorSource::Encoder(Builtin::shared())),
            Self::Encoder(encoder) => {
                check_width(encoder.info().width)?;
                Ok(VectorSource::Encoder(encoder))
            }
            Self::External(width) => {
                check_width(width)?;
                Ok(VectorSource::External { width })
            }
        }
    }
}

pub(super) fn check_width(width: usize) -> Result<()> {
    if (1..=WIDTH_MAX).contains(&width) {
        return Ok(());
    }
    Err(Error::Option { option: "width of the vectors", given: width.to_string(), remedy: "use 1 to 65536 dimensions" })
}

/// Where vectors come from.
#[derive(Clone)]
pub(super) enum VectorSource {
    /// From an encoder.
    Encoder(SharedEncoder),
    /// From the caller.
    External {
        /// Their width.
        width: usize,
    },
    /// From an encoder that is not at hand.
    Absent {
        /// What the index says of it.
        record: EncoderRecord,
        /// Its prefixes.
        prefixes: Vec<usize>,
    },
}

impl VectorSource {
    /// The source an index was created with, where this library has it by itself.
    pub(super) fn recorded(record: &EncoderRecord) -> Result<Self> {
        if record.name == EXTERNAL {
            return WantedSource::External(record.width as usize).resolve();
        }
        Ok(Self::Encoder(Builtin::shared()))
    }

    /// The source of an index: this encoder, or else the one it was made with where that is inside, or one that is not at hand.
    pub(super) fn at_hand(manifest: &Manifest, encoder: Option<SharedEncoder>) -> Result<Self> {
        match encoder.map(Self::Encoder) {
            Some(given) => given.check(manifest).map(|()| given),
            None => {
                let recorded = Self::recorded(&manifest.encoder)?;
                let known = recorded.check(manifest).is_ok();
                Ok(if known { recorded } else { Self::absent(&manifest.encoder) })
            }
        }
    }

    /// The source of an index whose encoder is not at hand.
    pub(super) fn absent(record: &EncoderRecord) -> Self {
        let prefixes = record.prefixes.iter().map(|prefix| *prefix as usize).collect();
        Self::Absent { record: record.clone(), prefixes }
    }

    /// Refuses an index that holds vectors of another source.
    pub(super) fn check(&self, manifest: &Manifest) -> Result<()> {
        let given = self.record();
        let index = &manifest.encoder;
        if given.fingerprint != index.fingerprint {
            return Err(Error::WrongEncoder {
                index: index.fingerprint.clone(),
                index_name: index.name.clone(),
                location: index.location.clone(),
                given: given.fingerprint,
                given_name: given.name,
            });
        }
        super::state::check_width(manifest, given.width)
    }

    /// Width of the vectors.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Encoder(encoder) => encoder.info().width,
            Self::External { width } => *width,
            Self::Absent { record, .. } => record.width as usize,
        }
    }

    /// Prefixes the encoder was trained for; none for vectors of unknown making.
    fn prefixes(&self) -> &[usize] {
        match self {
            Self::Encoder(encoder) => &encoder.info().prefixes,
            Self::External { .. } => &[],
            Self::Absent { prefixes, .. } => prefixes,
        }
    }

    /// Prefixes that mean something in a space: only those of the encoder are of its making.
    pub(super) fn prefixes_of(&self, space: usize) -> &[usize] {
        if space < OWN_SPACES { self.prefixes() } else { &[] }
    }

    /// What the manifest records.
    pub(super) fn record(&self) -> EncoderRecord {
        match self {
            Self::Encoder(encoder) => {
                let EncoderInfo { name, fingerprint, width, prefixes, location, .. } = encoder.info();
                let prefixes = prefixes.iter().map(|prefix| *prefix as u32).collect();
                EncoderRecord {
                    name: name.clone(),
                    fingerprint: fingerprint.clone(),
                    width: *width as u32,
                    prefixes,
                    location: location.clone(),
                }
            }
            Self::External { width } => EncoderRecord {
                name: EXTERNAL.to_owned(),
                fingerprint: format!("{EXTERNAL}-{width}"),
                width: *width as u32,
                prefixes: Vec::new(),
                location: String::new(),
            },
            Self::Absent { record, .. } => record.clone(),
        }
    }

    /// The encoder, for a call that needs it; `instead` does the same with vectors.
    pub(super) fn encoder(&self, call: &'static str, instead: &'static str) -> Result<&SharedEncoder> {
        match self {
            Self::Encoder(encoder) => Ok(encoder),
            Self::External { .. } => Err(Error::NoEncoder { call, instead }),
            Self::Absent { record, .. } => {
                let (encoder, location) = (record.name.clone(), record.location.clone());
                Err(Error::EncoderAbsent { call, encoder, location })
            }
        }
    }

    /// A caller's vector, checked and brought to unit length.
    pub(super) fn unit(&self, mut vector: Vec<f32>) -> Result<Vec<f32>> {
        let expected = self.width();
        if vector.len() != expected {
            return Err(Error::Vector(VectorError::WrongWidth { expected, got: vector.len() }));
        }
        crate::vector::normalise(&mut vector)?;
        Ok(vector)
    }
}
