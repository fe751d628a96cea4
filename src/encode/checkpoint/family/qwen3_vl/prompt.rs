//! Texts and pictures in the form of a conversation, as the embedding models were trained with it, and where its tokens stand.

use super::super::super::directory::{Directory, Fingerprint};
use super::super::super::problem::ModelProblem;
use super::super::super::tokens::Tokens;
use super::picture::Grid;
use crate::encode::Part;
use std::ops::Range;

const PICTURE: &str = "<|vision_start|><|image_pad|><|vision_end|>";
const PICTURE_TOKEN: &str = "<|image_pad|>";
const END: &str = "<|im_end|>";
/// What begins the names of all special tokens; in a text it is only text.
const SPECIAL: &str = "<|";
/// What stands for no content at all.
const NOTHING: &str = "NULL";
/// The instruction where there is none of a role's own.
const INSTRUCTION: &str = "Represent the user's input.";

/// One input as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) ids: Vec<u32>,
    /// The tokens of each picture that is in it, and the number of the picture.
    pub(super) pictures: Vec<(Range<usize>, usize)>,
}

pub(super) struct Template {
    tokens: Tokens,
    picture: u32,
    end: u32,
}

impl Template {
    pub(super) fn load(
        directory: &Directory,
        limit: usize,
        fingerprint: &mut Fingerprint,
    ) -> Result<Self, ModelProblem> {
        let tokens = Tokens::load(directory, limit, fingerprint)?.uncut();
        let special = |token: &str| {
            tokens.id_of(token).ok_or_else(|| ModelProblem::Damaged {
                file: "tokenizer.json".to_owned(),
                why: format!("it has no {token}"),
            })
        };
        let (picture, end) = (special(PICTURE_TOKEN)?, special(END)?);
        Ok(Self { tokens, picture, end })
    }

    /// Most tokens of an input.
    pub(super) fn limit(&self) -> usize {
        self.tokens.limit()
    }

    /// An input with its pictures, of these sizes, in their places. What is too long is cut at the end of the content; of a
    /// picture nothing stays unless all of it does.
    pub(super) fn sequence(
        &self,
        instruction: &str,
        parts: &[Part<'_>],
        grids: &[Grid],
    ) -> Result<Sequence, ModelProblem> {
        let short = self.tokens.ids(&conversation(instruction, parts))?;
        let mut sequence = Sequence { ids: Vec::with_capacity(short.len()), pictures: Vec::new() };
        for id in short {
            let start = sequence.ids.len();
            match grids.get(sequence.pictures.len()).filter(|_| id == self.picture) {
                Some(grid) => {
                    sequence.ids.extend(std::iter::repeat_n(id, grid.tokens()));
                    sequence.pictures.push((start..sequence.ids.len(), sequence.pictures.len()));
                }
                None => sequence.ids.push(id),
            }
        }
        self.cut(&mut sequence);
        Ok(sequence)
    }

    fn cut(&self, sequence: &mut Sequence) {
        let over = sequence.ids.len().saturating_sub(self.limit());
        let Some(end) = sequence.ids.iter().rposition(|id| *id == self.end).filter(|_| over > 0) else { return };
        let from = end.saturating_sub(over);
        // A picture's tokens stand between a token that opens it and one that closes it.
        let split = sequence.pictures.iter().find(|(tokens, _)| tokens.end + 1 > from).map(|(tokens, _)| tokens.start);
        let from = split.map_or(from, |start| from.min(start.saturating_sub(1)));
        sequence.pictures.retain(|(tokens, _)| tokens.end < from);
        sequence.ids.drain(from..end);
    }
}

/// The whole text, a picture as one token.
fn conversation(instruction: &str, parts: &[Part<'_>]) -> String {
    let instruction = if instruction.is_empty() { INSTRUCTION } else { instruction };
    let mut content = String::new();
    let mut after_text = false;
    for part in parts {
        match part {
            Part::Picture(_) => content.push_str(PICTURE),
            Part::Text(text) => {
                content.push_str(if after_text { "\n" } else { "" });
                content.push_str(&text.replace(SPECIAL, "< |"));
            }
        }
        after_text = matches!(part, Part::Text(text) if !text.is_empty());
    }
    let content = if content.is_empty() { NOTHING } else { &content };
    format!(
        "<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n"
    )
}

/// The places of a sequence's tokens by time, height and width: text counts on in all three, a picture lies in the last two.
pub(super) fn places(sequence: &Sequence, grids: &[Grid]) -> Vec<[u32; 3]> {
    let mut places = Vec::with_capacity(sequence.ids.len());
    let mut next = 0_u32;
    let text = |places: &mut Vec<[u32; 3]>, next: &mut u32, until: usize| {
        while places.len() < until {
            places.push([*next; 3]);
            *next += 1;
        }
    };
    for (tokens, number) in &sequence.pictures {
        text(&mut places, &mut next, tokens.start);
        let Some(grid) = grids.get(*number) else { continue };
        let (rows, columns) = grid.merged();
        let token = |at: usize| [next, next + (at / columns.max(1)) as u32, next + (at % columns.max(1)) as u32];
        places.extend((0..tokens.len()).map(token));
        next += rows.max(columns) as u32;
    }
    text(&mut places, &mut next, sequence.ids.len());
    places
}
