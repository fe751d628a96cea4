//! A note with its text cut into passages: which texts are to be encoded, and what they say.

use super::{Given, Job, Recipe};
use crate::note::passage::split;
use crate::note::{Note, Passage, PassageBudget};
use index_format::Record;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most bytes of a title that go before each passage as its context, and never more than the tokens the encoder wants of a
/// passage: a longer one would crowd the passage out of what an encoder reads.
const CONTEXT_BYTES: usize = 256;
/// Passages at the start of a text that the forward pass over a whole note reads: several times what most encoders take.
const WHOLE_PASSAGES: usize = 8;

/// A note on its way to rows.
pub(super) struct Draft {
    pub(super) sequence: u64,
    pub(super) note: Note,
    pub(super) given: Given,
    pub(super) stored: Option<Box<Record>>,
    /// None where the encoder reads no text.
    pub(super) passages: Vec<Passage>,
    /// Most bytes of the title before a passage.
    pub(super) context: usize,
    /// Why it cannot be prepared.
    pub(super) failed: Option<String>,
}

/// A text of a note that gets a vector.
#[derive(Clone, Copy)]
pub(super) enum Text {
    /// The passage with this ordinal.
    Passage(usize),
    /// The title of a note without text: it has a vector but no passage to show for it.
    Title,
    /// Title and text as far as they are read in one go.
    Whole,
}

impl Draft {
    pub(super) fn of(job: Job, recipe: &Recipe) -> Self {
        let Job { sequence, note, given, stored } = job;
        let context = CONTEXT_BYTES;
        let mut draft = Self { sequence, note, given, stored, passages: Vec::new(), context, failed: None };
        if let Some(encoder) = recipe.encoder().filter(|_| recipe.reads_text()) {
            let budget = PassageBudget { tokens: encoder.info().passage_tokens, ..PassageBudget::default() };
            // A token is rarely less than a byte, in any script.
            draft.context = draft.context.min(budget.tokens);
            // A fault of the splitter is one of this note and not of those beside it.
            match catch_unwind(AssertUnwindSafe(|| split(&draft.note.text, budget))) {
                Ok(passages) => draft.passages = passages,
                Err(_) => draft.failed = Some("its text could not be split into passages".to_owned()),
            }
        }
        draft
    }

    /// The texts that get a vector, `whole` among them where no forward pass saw it beside pictures.
    pub(super) fn texts(&self, whole: bool) -> impl Iterator<Item = Text> + use<> {
        let title = self.passages.is_empty() && !self.note.title.trim().is_empty();
        // One passage with its title is the whole.
        let whole = whole && self.passages.len() > 1;
        let passages = (0..self.passages.len()).map(Text::Passage);
        passages.chain(title.then_some(Text::Title)).chain(whole.then_some(Text::Whole))
    }

    /// What a text says.
    pub(super) fn words(&self, text: Text) -> Cow<'_, str> {
        match text {
            Text::Passage(ordinal) => {
                let passage = self.passages.get(ordinal).and_then(|passage| passage.of(&self.note.text));
                self.in_context(passage.unwrap_or_default())
            }
            Text::Title => Cow::Borrowed(&self.note.title),
            Text::Whole => self.whole().unwrap_or_default(),
        }
    }

    /// Title and text as far as they are read in one go; `None` for a note without either.
    pub(super) fn whole(&self) -> Option<Cow<'_, str>> {
        let read = self.passages.iter().take(WHOLE_PASSAGES);
        let end = read.clone().map(|passage| passage.end).max();
        match (read.clone().next(), end) {
            (Some(first), Some(end)) => Some(self.in_context(self.note.text.get(first.start..end).unwrap_or_default())),
            _ => Some(Cow::Borrowed(self.note.title.as_str())).filter(|title| !title.trim().is_empty()),
        }
    }

    fn in_context<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let title = &self.note.title;
        match title.get(..title.floor_char_boundary(self.context)).unwrap_or_default() {
            "" => Cow::Borrowed(text),
            context => Cow::Owned(format!("{context}\n{text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{EncodeError, Encoder, EncoderInfo, Input, Role};
    use crate::index::options::VectorSource;
    use crate::lexical::Language;
    use crate::vector::Vectors;
    use std::sync::Arc;

    /// Reads so many tokens a passage, and is never asked.
    struct Short(EncoderInfo);

    impl Encoder for Short {
        fn info(&self) -> &EncoderInfo {
            &self.0
        }

        fn encode(&self, _: Role, _: &[Input<'_>]) -> Result<Vectors, EncodeError> {
            unreachable!("a draft encodes nothing")
        }
    }

    #[test]
    fn a_title_leaves_room_for_the_passage_whatever_the_encoder_reads() {
        let title = "标题很长".repeat(100);
        for (tokens, expected) in [(26, 24), (160, 159), (1_000, 255)] {
            let mut info = EncoderInfo::new("short", "short-1", 4);
            info.passage_tokens = tokens;
            let source = VectorSource::Encoder(Arc::new(Short(info)));
            let recipe = Recipe { source, keeps_pictures: false, regions: false, language: Language::English };
            let note = Note::new("n").title(&title).text("One passage.");
            let draft = Draft::of(Job { sequence: 1, note, given: Given::default(), stored: None }, &recipe);
            let words = draft.words(Text::Passage(0)).into_owned();
            let (context, passage) = words.split_once('\n').unwrap();
            assert_eq!((context.len(), passage), (expected, "One passage."), "{tokens} tokens");
            assert!(title.starts_with(context));
        }
    }
}
