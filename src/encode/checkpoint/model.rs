//! What a directory turns out to hold, behind one face: inputs in, rows out.

use super::problem::ModelProblem;
use crate::encode::{Fusion, Input, Modalities, Part};

/// Bytes of a text a token, about.
const TOKEN_BYTES: usize = 4;

/// Tokens of a text, about.
pub(super) fn text_cost(text: &str) -> usize {
    text.len() / TOKEN_BYTES
}

/// A loaded model.
pub(super) trait Model: Send + Sync {
    /// Width of its rows.
    fn width(&self) -> usize;

    /// The most tokens of a text.
    fn limit(&self) -> usize;

    /// Tokens that are computed for an input, about: what it takes of time and memory.
    fn cost(&self, input: &Input<'_>) -> usize {
        let texts = input.parts.iter().map(|part| if let Part::Text(text) = part { text_cost(text) } else { 0 });
        texts.sum::<usize>().min(self.limit())
    }

    /// What it can read.
    fn modalities(&self) -> Modalities {
        Modalities::TEXT
    }

    /// How it makes one row of several parts.
    fn fusion(&self) -> Fusion {
        Fusion::default()
    }

    /// The token ids of a text, special ones included, cut to what the model reads.
    #[cfg(test)]
    fn ids(&self, text: &str) -> Result<Vec<u32>, ModelProblem>;

    /// One row an input, of any length. The inputs hold only what the model can read; the prompt goes before their text.
    fn embed(&self, prompt: &str, inputs: &[Input<'_>]) -> Result<Vec<Vec<f32>>, ModelProblem>;
}

/// The texts of an input, a line each, with the prompt before them.
pub(super) fn joined(prompt: &str, input: &Input<'_>) -> String {
    let mut text = prompt.to_owned();
    let pieces = input.parts.iter().filter_map(|part| match part {
        Part::Text(piece) => Some(*piece),
        Part::Picture(_) => None,
    });
    for (at, piece) in pieces.enumerate() {
        text.push_str(if at > 0 { "\n" } else { "" });
        text.push_str(piece);
    }
    text
}
