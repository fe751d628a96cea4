//! Attention within each sequence (Vaswani et al. 2017), also with fewer keys than queries (Ainslie et al. 2023), within a
//! window, or with a bias by distance.

use super::product::multiply;
use super::{Norm, Turns, elements, own_way};
use candle_core::{CpuStorage, CustomOp1, D, InplaceOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use rten_gemm::{GemmInputB, GemmOptions};
use rten_simd::SimdOp;
use rten_tensor::NdTensorView;
use rten_vecmath::Softmax;
use std::ops::Range;

/// Queries compared at once: their scores stay in the cache, and memory does not grow with the square of the length.
const QUERIES: usize = 128;
/// Fewer tokens than this are not worth a second thread.
const PARALLEL_TOKENS: usize = 256;

/// The heads of an attention layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Heads {
    /// Heads of queries.
    pub(in super::super) queries: usize,
    /// Heads of keys and values: a divisor of `queries`.
    pub(in super::super) keys: usize,
    /// Width of a head.
    pub(in super::super) width: usize,
    /// What scores are multiplied with.
    pub(in super::super) scale: f32,
}

impl Heads {
    /// As many heads of keys as of queries, scores over the root of the width.
    pub(in super::super) fn equal(count: usize, width: usize) -> Self {
        Self { queries: count, keys: count, width, scale: 1.0 / (width as f32).sqrt() }
    }

    /// Width of queries, keys and values side by side.
    pub(in super::super) const fn row(&self) -> usize {
        (self.queries + 2 * self.keys) * self.width
    }
}

/// Which tokens of its sequence a token looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Mask {
    /// All.
    Full,
    /// Itself and those before it.
    Causal,
    /// Those at most so far before it, and so far behind it.
    Window(usize, usize),
}

impl Mask {
    /// The tokens that token `at` of a sequence of `count` looks at.
    fn range(self, at: usize, count: usize) -> Range<usize> {
        match self {
            Self::Full => 0..count,
            Self::Causal => 0..at + 1,
            Self::Window(before, behind) => at.saturating_sub(before)..(at + behind + 1).min(count),
        }
    }
}

/// What is added to the scores of a head, by distance: `by_head[head][key - query + reach]`, the distance cut to the reach.
#[derive(Debug, Clone)]
pub(in super::super) struct Bias {
    pub(in super::super) by_head: Vec<Vec<f32>>,
    pub(in super::super) reach: usize,
}

impl Bias {
    fn at(&self, head: usize, query: usize, key: usize) -> f32 {
        let distance = (key + self.reach).saturating_sub(query).min(2 * self.reach);
        self.by_head.get(head).and_then(|row| row.get(distance)).copied().unwrap_or(0.0)
    }
}

/// One call of attention over all sequences of a batch.
pub(in super::super) struct Attention<'a> {
    pub(in super::super) heads: Heads,
    pub(in super::super) mask: Mask,
    /// Norms of the single heads of queries and of keys.
    pub(in super::super) norms: Option<(&'a Norm, &'a Norm)>,
    pub(in super::super) turns: Option<&'a Turns>,
    pub(in super::super) bias: Option<&'a Bias>,
    /// Where each sequence starts, and the number of tokens at the end.
    pub(in super::super) starts: &'a [usize],
}

impl Attention<'_> {
    /// From queries, keys and values side by side, `[tokens, Heads::row]`, to `[tokens, queries * width]`. The rows given are
    /// used up: norms and turns happen where they lie.
    pub(in super::super) fn forward(&self, rows: Tensor) -> Result<Tensor> {
        if own_way(rows.device()) {
            if self.norms.is_some() || self.turns.is_some() {
                rows.inplace_op1(self)?;
            }
            return rows.apply_op1_no_bwd(self);
        }
        self.plain(&rows)
    }

    /// The same in candle's own operations.
    pub(super) fn plain(&self, rows: &Tensor) -> Result<Tensor> {
        let Heads { queries, keys, width, .. } = self.heads;
        let tokens = rows.dim(0)?;
        let part = |start: usize, heads: usize| {
            rows.narrow(1, start * width, heads * width)?.contiguous()?.reshape((tokens, heads, width))
        };
        let (mut q, mut k, v) = (part(0, queries)?, part(queries, keys)?, part(queries + keys, keys)?);
        if let Some((of_queries, of_keys)) = self.norms {
            (q, k) = (of_queries.forward(&q)?, of_keys.forward(&k)?);
        }
        if let Some(turns) = self.turns {
            (q, k) = (turns.forward(&q, rows.device())?, turns.forward(&k, rows.device())?);
        }
        let mut out = Vec::new();
        for pair in self.starts.windows(2) {
            let &[start, end] = pair else { continue };
            let one = |heads: &Tensor| heads.narrow(0, start, end - start)?.transpose(0, 1)?.contiguous();
            let shared = |heads: &Tensor| {
                let (_, count, _) = heads.dims3()?;
                let wide = heads.unsqueeze(1)?.expand((keys, queries / keys.max(1), count, width))?;
                wide.reshape((queries, count, width))
            };
            let (q, k, v) = (one(&q)?, shared(&one(&k)?)?, shared(&one(&v)?)?);
            let scores = (q.matmul(&k.t()?)? * f64::from(self.heads.scale))?;
            let scores = scores.broadcast_add(&self.added(end - start, rows)?)?;
            let context = candle_nn::ops::softmax(&scores, D::Minus1)?.matmul(&v)?;
            out.push(context.transpose(0, 1)?.reshape((end - start, queries * width))?);
        }
        Tensor::cat(&out, 0)
    }

    /// Bias and mask as one tensor `[queries, count, count]`.
    fn added(&self, count: usize, like: &Tensor) -> Result<Tensor> {
        let mut values = Vec::with_capacity(self.heads.queries * count * count);
        for head in 0..self.heads.queries {
            for query in 0..count {
                let seen = self.mask.range(query, count);
                values.extend((0..count).map(|key| match self.bias {
                    _ if !seen.contains(&key) => f32::NEG_INFINITY,
                    Some(bias) => bias.at(head, query, key),
                    None => 0.0,
                }));
            }
        }
        Tensor::from_vec(values, (self.heads.queries, count, count), like.device())
    }

    /// The context of some tokens of one sequence.
    fn block(&self, rows: &[f32], sequence: Range<usize>, queries: Range<usize>, out: &mut [f32]) -> Result<()> {
        let Heads { width, .. } = self.heads;
        let (stride, count) = (self.heads.row(), queries.len());
        // Relative to the sequence from here on.
        let first = queries.start - sequence.start;
        let last = first + count - 1;
        let seen = self.mask.range(first, sequence.len()).start..self.mask.range(last, sequence.len()).end;
        let of = |token: usize, column: usize| rows.get(token * stride + column..).unwrap_or_default();
        let mut scores = vec![0.0; count * seen.len()];
        let mut context = vec![0.0; count * width];
        for head in 0..self.heads.queries {
            let shared = head / (self.heads.queries / self.heads.keys.max(1)).max(1);
            let key_column = (self.heads.queries + shared) * width;
            let value_column = (self.heads.queries + self.heads.keys + shared) * width;
            let q = view(of(queries.start, head * width), [count, width], [stride, 1])?;
            let k = view(of(sequence.start + seen.start, key_column), [width, seen.len()], [1, stride])?;
            let v = view(of(sequence.start + seen.start, value_column), [seen.len(), width], [stride, 1])?;
            let scaled = GemmOptions { alpha: self.heads.scale, ..GemmOptions::default() };
            multiply(&mut scores, q, GemmInputB::Unpacked(k), scaled)?;
            for (at, row) in scores.chunks_exact_mut(seen.len()).enumerate() {
                self.weigh(head, first + at, &seen, sequence.len(), row);
            }
            let weights = view(&scores, [count, seen.len()], [seen.len(), 1])?;
            multiply(&mut context, weights, GemmInputB::Unpacked(v), GemmOptions::default())?;
            for (row, context) in out.chunks_exact_mut(self.heads.queries * width).zip(context.chunks_exact(width)) {
                if let Some(place) = row.get_mut(head * width..(head + 1) * width) {
                    place.copy_from_slice(context);
                }
            }
        }
        Ok(())
    }

    /// Scores of one query, of the keys `seen`, to weights that sum to one; zero where it does not look.
    fn weigh(&self, head: usize, query: usize, seen: &Range<usize>, count: usize, scores: &mut [f32]) {
        if let Some(bias) = self.bias {
            seen.clone().zip(scores.iter_mut()).for_each(|(key, score)| *score += bias.at(head, query, key));
        }
        let range = self.mask.range(query, count);
        let (from, to) = (range.start - seen.start, range.end - seen.start);
        scores.iter_mut().take(from).for_each(|score| *score = 0.0);
        scores.iter_mut().skip(to).for_each(|score| *score = 0.0);
        if let Some(scores) = scores.get_mut(from..to) {
            Softmax::new_mut(scores).dispatch();
        }
    }
}

type View<'a> = NdTensorView<'a, f32, 2>;

fn view(values: &[f32], shape: [usize; 2], strides: [usize; 2]) -> Result<View<'_>> {
    match NdTensorView::from_slice_with_strides(shape, values, strides) {
        Ok(view) => Ok(view),
        Err(error) => bail!("attention over rows that are too short: {error:?}"),
    }
}

impl InplaceOp1 for Attention<'_> {
    fn name(&self) -> &'static str {
        "turn-heads"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let Heads { queries, keys, width, .. } = self.heads;
        let (Some((start, end)), CpuStorage::F32(values)) = (layout.contiguous_offsets(), storage) else {
            bail!("attention needs contiguous rows of f32");
        };
        let rows = values.get_mut(start..end).unwrap_or_default();
        for (token, row) in rows.chunks_exact_mut(self.heads.row()).enumerate() {
            let turned = row.chunks_exact_mut(width).take(queries + keys).enumerate();
            for (head, values) in turned {
                if let Some((of_queries, of_keys)) = self.norms {
                    (if head < queries { of_queries } else { of_keys }).apply(values);
                }
                if let Some(turns) = self.turns {
                    turns.apply(token, values);
                }
            }
        }
        Ok(())
    }
}

impl CustomOp1 for Attention<'_> {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let rows = elements::<f32>(storage, layout, "attention")?;
        let (tokens, row) = layout.shape().dims2()?;
        let width = self.heads.queries * self.heads.width;
        if row != self.heads.row() || self.starts.last() != Some(&tokens) {
            bail!("attention over {tokens} rows of {row}, expected {:?} of {}", self.starts.last(), self.heads.row());
        }
        let mut out = vec![0.0; tokens * width];
        let mut tasks = Vec::new();
        let mut rest = out.as_mut_slice();
        for pair in self.starts.windows(2) {
            let &[start, end] = pair else { continue };
            for from in (start..end).step_by(QUERIES) {
                let queries = from..(from + QUERIES).min(end);
                let (mine, others) = rest.split_at_mut(queries.len() * width);
                rest = others;
                tasks.push((start..end, queries, mine));
            }
        }
        if tokens >= PARALLEL_TOKENS && tasks.len() > 1 {
            let run = |(sequence, queries, out)| self.block(rows, sequence, queries, out);
            tasks.into_par_iter().try_for_each(run)?;
        } else {
            tasks.into_iter().try_for_each(|(sequence, queries, out)| self.block(rows, sequence, queries, out))?;
        }
        Ok((CpuStorage::F32(out), Shape::from((tokens, width))))
    }
}
