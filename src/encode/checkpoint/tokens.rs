//! Texts to token ids, as the model's own tokenizer has it, cut to what the model reads.

use super::directory::{Directory, Fingerprint};
use super::problem::ModelProblem;
use serde::Deserialize;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{PostProcessor, Tokenizer, TruncationParams};

const TOKENIZER: &str = "tokenizer.json";
const VOCABULARY: &str = "vocab.txt";

/// What `tokenizer_config.json` says that `tokenizer.json` does not.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct TokenizerConfig {
    /// The longest input, special tokens included; absurdly large where nobody set it.
    pub(super) model_max_length: Option<f64>,
    do_lower_case: Option<bool>,
}

/// What `tokenizer.json` says of the token for what it does not know.
#[derive(Deserialize)]
struct Unknown {
    model: UnknownOf,
}

#[derive(Deserialize)]
struct UnknownOf {
    unk_token: Option<String>,
    unk_id: Option<u32>,
}

/// A tokenizer that adds the model's special tokens, if the model wants them, and cuts at the end.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    special: bool,
    limit: usize,
}

impl Tokens {
    /// Reads the tokenizer of a directory. `limit` is the most tokens an input may have, special ones included.
    pub(super) fn load(
        directory: &Directory,
        limit: usize,
        fingerprint: &mut Fingerprint,
    ) -> Result<Self, ModelProblem> {
        let config: TokenizerConfig = directory.json("tokenizer_config.json")?.unwrap_or_default();
        let given = config.model_max_length.filter(|most| *most >= 1.0 && *most < 1e9).map(|most| most as usize);
        let tokenizer = if let Some(bytes) = directory.bytes(TOKENIZER)? {
            parsed(&bytes, fingerprint)?
        } else {
            word_pieces(directory, config.do_lower_case.unwrap_or(true), fingerprint)?
        };
        let mut tokens = Self { tokenizer, special: true, limit };
        tokens.tokenizer.with_padding(None);
        tokens.cut(Some(limit.min(given.unwrap_or(limit))), fingerprint)?;
        Ok(tokens)
    }

    /// A tokenizer for tokens alone, without special ones, that cuts where its own file says; and the id of the token for
    /// what it does not know.
    pub(super) fn bare(
        directory: &Directory,
        fingerprint: &mut Fingerprint,
    ) -> Result<(Self, Option<u32>), ModelProblem> {
        let bytes = directory.bytes(TOKENIZER)?.ok_or_else(missing)?;
        let mut tokenizer = parsed(&bytes, fingerprint)?;
        tokenizer.with_padding(None);
        let limit = tokenizer.get_truncation().map(|cut| cut.max_length);
        let said: Unknown = serde_json::from_slice(&bytes).map_err(|error| damaged(TOKENIZER, error.to_string()))?;
        let unknown = said.model.unk_token.and_then(|token| tokenizer.token_to_id(&token)).or(said.model.unk_id);
        let mut tokens = Self { tokenizer, special: false, limit: usize::MAX };
        tokens.cut(limit, fingerprint)?;
        Ok((tokens, unknown))
    }

    /// Cuts after so many tokens from now on, or not at all.
    pub(super) fn cut(&mut self, limit: Option<usize>, fingerprint: &mut Fingerprint) -> Result<(), ModelProblem> {
        self.limit = limit.unwrap_or(usize::MAX);
        let special = self.tokenizer.get_post_processor().map_or(0, |ends| ends.added_tokens(false));
        if self.limit <= special {
            return Err(ModelProblem::Setting {
                file: "tokenizer_config.json or sentence_bert_config.json".to_owned(),
                setting: "the longest input",
                found: format!("{} tokens", self.limit),
                expected: "expected more than the special tokens around every text",
            });
        }
        fingerprint.add("limit", &(self.limit as u64).to_le_bytes());
        let cut = limit.map(|limit| TruncationParams { max_length: limit, ..TruncationParams::default() });
        let cut = self.tokenizer.with_truncation(cut).map(|_| ());
        cut.map_err(|error| damaged(TOKENIZER, format!("inputs cannot be cut to {} tokens: {error}", self.limit)))
    }

    /// The median length of its tokens in characters.
    pub(super) fn median_length(&self) -> usize {
        let mut lengths: Vec<usize> =
            self.tokenizer.get_vocab(true).keys().map(|token| token.chars().count()).collect();
        lengths.sort_unstable();
        let middle = |at: usize| lengths.get(at).copied().unwrap_or(0);
        usize::midpoint(middle(lengths.len().saturating_sub(1) / 2), middle(lengths.len() / 2))
    }

    /// The ids of a text, with the model's special tokens where it has them, at most the limit.
    pub(super) fn ids(&self, text: &str) -> Result<Vec<u32>, ModelProblem> {
        let encoding = self.tokenizer.encode_fast(text, self.special);
        let encoding = encoding.map_err(|error| ModelProblem::Runtime { why: format!("tokenizer: {error}") })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The id of a token such as `[SEP]`.
    pub(super) fn id_of(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// Most tokens of an input.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }
}

/// The tokenizer of a directory that has a vocabulary of word pieces (Devlin et al. 2018) and nothing else.
fn word_pieces(
    directory: &Directory,
    lowercase: bool,
    fingerprint: &mut Fingerprint,
) -> Result<Tokenizer, ModelProblem> {
    let Some(bytes) = directory.bytes(VOCABULARY)? else {
        return Err(missing());
    };
    fingerprint.add(VOCABULARY, &bytes);
    fingerprint.add("lower case", &[u8::from(lowercase)]);
    let vocabulary = WordPiece::read_bytes(&bytes).map_err(|error| damaged(VOCABULARY, error.to_string()))?;
    let model = WordPiece::builder().vocab(vocabulary).unk_token("[UNK]".to_owned()).build();
    let model = model.map_err(|error| damaged(VOCABULARY, error.to_string()))?;
    let mut tokenizer = Tokenizer::new(model);
    let special = |token: &'static str| {
        let id = tokenizer.token_to_id(token);
        id.map(|id| (token.to_owned(), id)).ok_or_else(|| damaged(VOCABULARY, format!("it has no {token}")))
    };
    let ends = BertProcessing::new(special("[SEP]")?, special("[CLS]")?);
    let normalised = tokenizer.with_normalizer(Some(BertNormalizer::new(true, true, None, lowercase))).map(|_| ());
    normalised.map_err(|error| damaged(VOCABULARY, error.to_string()))?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_post_processor(Some(ends));
    Ok(tokenizer)
}

fn parsed(bytes: &[u8], fingerprint: &mut Fingerprint) -> Result<Tokenizer, ModelProblem> {
    fingerprint.add(TOKENIZER, bytes);
    Tokenizer::from_bytes(bytes).map_err(|error| damaged(TOKENIZER, error.to_string()))
}

fn missing() -> ModelProblem {
    ModelProblem::Missing {
        file: TOKENIZER.to_owned(),
        remedy: "a tokenizer is read from tokenizer.json or, for word pieces, vocab.txt; transformers writes the former: AutoTokenizer.from_pretrained(DIR, use_fast=True).save_pretrained(DIR)",
    }
}

fn damaged(file: &str, why: String) -> ModelProblem {
    ModelProblem::Damaged { file: file.to_owned(), why }
}
