//! Text to WordPiece ids (Devlin et al. 2018, the uncased BERT vocabulary), through the `tokenizers` crate.

use super::{NAME, model_error};
use crate::encode::EncodeError;
use tokenizers::decoders::wordpiece::WordPiece as WordPieceDecoder;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{Tokenizer, TokenizerBuilder};

/// Texts are read up to this many bytes: far beyond a passage, and a bound on what one input can cost.
const MAX_BYTES: usize = 64 * 1024;
const UNKNOWN: &str = "[UNK]";

pub(super) struct WordPieces {
    tokenizer: Tokenizer,
    unknown: u32,
    len: usize,
}

impl WordPieces {
    /// A tokenizer over a vocabulary of one token a line, in id order.
    pub(super) fn from_vocabulary(vocabulary: &str) -> Result<Self, EncodeError> {
        let damaged = |error: tokenizers::Error| model_error("vocabulary", error.to_string());
        let words = WordPiece::read_bytes(vocabulary.as_bytes()).map_err(damaged)?;
        let len = words.len();
        let missing = || model_error("vocabulary", format!("no {UNKNOWN} token among {len} lines"));
        let unknown = *words.get(UNKNOWN).ok_or_else(missing)?;
        let model = WordPiece::builder().vocab(words).unk_token(UNKNOWN.to_owned()).build().map_err(damaged)?;
        let tokenizer = TokenizerBuilder::default()
            .with_model(model)
            .with_normalizer(Some(BertNormalizer::default()))
            .with_pre_tokenizer(Some(BertPreTokenizer))
            .with_post_processor(None::<BertProcessing>)
            .with_decoder(None::<WordPieceDecoder>)
            .build()
            .map_err(damaged)?;
        Ok(Self { tokenizer: tokenizer.into(), unknown, len })
    }

    /// Appends the ids of `text` to `tokens`; nothing for text without a word.
    pub(super) fn tokenise(&self, text: &str, tokens: &mut Vec<u32>) -> Result<(), EncodeError> {
        let read = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text);
        let failed =
            |error: tokenizers::Error| EncodeError::Failed { encoder: NAME.to_owned(), why: error.to_string() };
        let encoding = self.tokenizer.encode_fast(read, false).map_err(failed)?;
        tokens.extend_from_slice(encoding.get_ids());
        Ok(())
    }

    /// The id of the unknown token.
    pub(super) const fn unknown(&self) -> u32 {
        self.unknown
    }

    /// Size of the vocabulary.
    pub(super) const fn len(&self) -> usize {
        self.len
    }
}
