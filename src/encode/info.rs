//! What an encoder says about itself.

/// What an encoder can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Modalities {
    /// Text.
    pub text: bool,
    /// Pictures.
    pub picture: bool,
}

impl Modalities {
    /// Text only.
    pub const TEXT: Self = Self { text: true, picture: false };
    /// Text and pictures, in one space.
    pub const TEXT_AND_PICTURE: Self = Self { text: true, picture: true };
}

/// How the parts of one note become its one global vector.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Fusion {
    /// The encoder reads text and pictures together, in one forward pass.
    Interleaved,
    /// Each part is encoded alone; the direction of a weighted mean stands for all.
    Late {
        /// Weight of the mean of all texts (title and passages).
        text: f32,
        /// Weight of the mean of all pictures.
        picture: f32,
    },
}

impl Default for Fusion {
    /// Texts and pictures count alike.
    fn default() -> Self {
        Self::Late { text: 1.0, picture: 1.0 }
    }
}

/// What an encoder says about itself.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EncoderInfo {
    /// Name for messages, such as `uninote-mini-1`.
    pub name: String,
    /// Two encoders with equal fingerprints give equal vectors; anything that changes vectors changes it.
    pub fingerprint: String,
    /// Width of the vectors.
    pub width: usize,
    /// Ascending prefix lengths that the model was trained to keep useful; empty if it was not trained so.
    pub prefixes: Vec<usize>,
    /// What it can read.
    pub modalities: Modalities,
    /// Text put before the content for each role, as the model's authors prescribe.
    pub prompts: Prompts,
    /// How long a passage should be for this encoder, in tokens.
    pub passage_tokens: usize,
    /// How it makes one vector of several parts.
    pub fusion: Fusion,
    /// Where it was loaded from, for messages and so that a shell can load it again; empty where it is compiled in.
    pub location: String,
}

impl EncoderInfo {
    /// A reader of text without prompts or trained prefixes, late fusion, passages of 160 tokens. Set what differs.
    #[must_use]
    pub fn new(name: impl Into<String>, fingerprint: impl Into<String>, width: usize) -> Self {
        Self {
            name: name.into(),
            fingerprint: fingerprint.into(),
            width,
            prefixes: Vec::new(),
            modalities: Modalities::TEXT,
            prompts: Prompts::default(),
            passage_tokens: 160,
            fusion: Fusion::default(),
            location: String::new(),
        }
    }
}

/// Text put before the content, by [`Role`](super::Role); empty for models without prompts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompts {
    /// For [`Role::Query`](super::Role::Query).
    pub query: String,
    /// For [`Role::Document`](super::Role::Document).
    pub document: String,
    /// For [`Role::Item`](super::Role::Item).
    pub item: String,
}
