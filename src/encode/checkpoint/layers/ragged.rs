//! Sequences of different lengths, one after the other.

/// The tokens of several sequences in one row of ids.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Ragged {
    /// Token ids of all sequences.
    pub(in super::super) ids: Vec<u32>,
    /// Where each sequence starts, and the number of all tokens at the end.
    pub(in super::super) starts: Vec<usize>,
}

impl Ragged {
    /// Puts sequences one after the other.
    pub(in super::super) fn of<'a>(sequences: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut ragged = Self { ids: Vec::new(), starts: vec![0] };
        for sequence in sequences {
            ragged.ids.extend_from_slice(sequence);
            ragged.starts.push(ragged.ids.len());
        }
        ragged
    }

    /// The token range of each sequence.
    pub(in super::super) fn spans(&self) -> impl ExactSizeIterator<Item = std::ops::Range<usize>> + Clone + '_ {
        self.starts.windows(2).map(|pair| pair.first().copied().unwrap_or(0)..pair.last().copied().unwrap_or(0))
    }

    /// The place of each token in its sequence, from `first` on.
    pub(in super::super) fn positions(&self, first: u32) -> Vec<u32> {
        self.spans().flat_map(|span| (0..span.len() as u32).map(move |place| place + first)).collect()
    }
}
