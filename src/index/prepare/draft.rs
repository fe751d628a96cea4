//! A note with its text cut into passages: which texts are to be encoded, and what they say.

use super::{Given, Job, Recipe};
use crate::note::passage::split;
use crate::note::{Note, Passage, PassageBudget};
use index_format::Record;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most bytes of a title that go before each passage as its context: a longer one would crowd the passage out of what an
/// encoder reads.
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
        let mut draft = Self { sequence, note, given, stored, passages: Vec::new(), failed: None };
        if let Some(encoder) = recipe.encoder().filter(|_| recipe.reads_text()) {
            let budget = PassageBudget { tokens: encoder.info().passage_tokens, ..PassageBudget::default() };
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
        match title.get(..title.floor_char_boundary(CONTEXT_BYTES)).unwrap_or_default() {
            "" => Cow::Borrowed(text),
            context => Cow::Owned(format!("{context}\n{text}")),
        }
    }
}
