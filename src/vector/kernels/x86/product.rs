//! Products of rows with a matrix of weights, `rows W^T`, with AVX-512.
//!
//! The matrix is laid out once in the order in which it is read: blocks of [`DEPTH`] inputs, in them panels of [`WIDTH`]
//! outputs, in them the weights of one input side by side. A tile of a few rows by one panel keeps its sums in
//! registers over a whole block; while the tiles of one panel run, the next panel is fetched, so that weights that come
//! from memory arrive in time even when there are only a few rows (the loop order of Goto and van de Geijn 2008,
//! "Anatomy of High-Performance Matrix Multiplication", without a packed left side: rows are read where they lie).
//!
//! An output is summed over its inputs in one order whatever the tile, so it does not depend on what other rows there are.

mod tile;

use rayon::prelude::*;
use tile::{BY_HEIGHT, STEPS, Spot};

/// Inputs of one block: a panel of it, 72 KiB, streams from the second cache, and the rows of a tile stay in the first.
const DEPTH: usize = 384;
/// Outputs of one line: what a register holds.
const LINE: usize = 16;
/// Lines of a panel, and its outputs. With eight rows, 24 sums, three lines and a value: 28 of 32 registers.
const LINES: usize = 3;
const WIDTH: usize = LINES * LINE;
/// Rows of a tile at most.
const HEIGHT: usize = 8;
/// Rows that meet a panel before the next one.
const ROWS: usize = 256;
/// Tiles over which fetching the next panel is spread at most; a power of two.
const SPREAD: usize = 4;
/// Multiplications below which a second thread costs more than it brings.
const SPLIT: usize = 1 << 20;

/// Weights of one input for sixteen outputs.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// A matrix in the order in which the product reads it; lanes past the last output are zero.
pub(crate) struct PackedMatrix {
    lines: Vec<Line>,
    inputs: usize,
    outputs: usize,
}

/// Where the products of one call go. Tasks write to different rows or columns of it.
#[derive(Clone, Copy)]
struct Out(*mut f32);

// SAFETY: the pointer is only written through by `PackedMatrix::part`, whose tasks have no element in common and end before
// the slice behind the pointer is given back.
unsafe impl Send for Out {}
// SAFETY: as above.
unsafe impl Sync for Out {}

impl PackedMatrix {
    /// Lays out weights `[outputs, inputs]`; `None` where this machine has no such kernel.
    ///
    /// # Panics
    ///
    /// Where there are not `outputs * inputs` weights.
    pub(crate) fn pack(weights: &[f32], (outputs, inputs): (usize, usize)) -> Option<Self> {
        assert_eq!(weights.len(), outputs * inputs, "weights of another shape");
        if !is_x86_feature_detected!("avx512f") {
            return None;
        }
        let across = outputs.div_ceil(LINE);
        let mut lines = vec![Line([0.0; LINE]); across * inputs];
        let mut rest = lines.as_mut_slice();
        for first in (0..inputs).step_by(DEPTH) {
            let depth = DEPTH.min(inputs - first);
            for start in (0..outputs).step_by(WIDTH) {
                let count = LINES.min(across - start / LINE);
                let (panel, later) = rest.split_at_mut(count * depth);
                rest = later;
                for output in start..outputs.min(start + WIDTH) {
                    let row = &weights[output * inputs + first..][..depth];
                    let (line, lane) = ((output - start) / LINE, output % LINE);
                    for (step, weight) in panel.chunks_exact_mut(count).zip(row) {
                        step[line].0[lane] = *weight;
                    }
                }
            }
        }
        Some(Self { lines, inputs, outputs })
    }

    /// `out = rows W^T + bias`, or, adding, `out += rows W^T + bias`; `out` is `[rows, outputs]`, no bias is an empty one.
    ///
    /// # Panics
    ///
    /// Where the lengths do not fit the matrix.
    pub(crate) fn multiply(&self, rows: &[f32], out: &mut [f32], bias: &[f32], add: bool) {
        if self.outputs == 0 {
            return assert!(out.is_empty(), "outputs of another shape");
        }
        let count = out.len() / self.outputs;
        assert_eq!(out.len(), count * self.outputs, "outputs of another shape");
        assert_eq!(rows.len(), count * self.inputs, "rows of another shape");
        assert!(bias.is_empty() || bias.len() == self.outputs, "a bias of another shape");
        if self.inputs == 0 {
            return without_inputs(out, bias, add);
        }
        let panels = self.outputs.div_ceil(WIDTH);
        let blocks = count.div_ceil(ROWS);
        let target = Out(out.as_mut_ptr());
        let threads = rayon::current_num_threads();
        if threads == 1 || count * self.inputs * self.outputs < SPLIT {
            // SAFETY: the lengths are checked above, and there is one task at a time.
            return (0..blocks).for_each(|block| unsafe { self.part(block, 0..panels, rows, target, bias, add) });
        }
        let pieces = if blocks < 2 * threads { threads.min(panels) } else { 1 };
        (0..blocks * pieces).into_par_iter().for_each(|task| {
            let (block, piece) = (task / pieces, task % pieces);
            let panels = panels * piece / pieces..panels * (piece + 1) / pieces;
            // SAFETY: the lengths are checked above; tasks of one block have different panels. All end before this call does.
            unsafe { self.part(block, panels, rows, target, bias, add) };
        });
    }

    /// One block of rows with some of the panels.
    ///
    /// # Safety
    ///
    /// `out` is good for `outputs` values for each of the rows, and nobody else uses those of this block and these panels.
    unsafe fn part(
        &self,
        block: usize,
        panels: std::ops::Range<usize>,
        rows: &[f32],
        Out(out): Out,
        bias: &[f32],
        add: bool,
    ) {
        let Self { inputs, outputs, .. } = *self;
        let begin = block * ROWS;
        let count = ROWS.min(rows.len() / inputs - begin);
        let tiles = count.div_ceil(HEIGHT);
        let across = outputs.div_ceil(LINE);
        let spread = 1 << tiles.clamp(1, SPREAD).ilog2();
        for first in (0..inputs).step_by(DEPTH) {
            let depth = DEPTH.min(inputs - first);
            for panel in panels.clone() {
                let start = panel * WIDTH;
                let lines = LINES.min(across - panel * LINES);
                let from = first * across + panel * LINES * depth;
                let here = &self.lines[from..from + lines * depth];
                let end = outputs.min(start + WIDTH);
                let bias = if first == 0 { lines_of(bias.get(start..end).unwrap_or_default()) } else { lines_of(&[]) };
                let masks = core::array::from_fn(|line| mask(end.saturating_sub(start + line * LINE)));
                let mut row = begin;
                for tile in 0..tiles {
                    let height = count / tiles + usize::from(tile < count % tiles);
                    let spot = Spot {
                        rows: &rows[row * inputs + first..(row + height - 1) * inputs + first + depth],
                        inputs,
                        panel: here,
                        next: here.as_ptr_range().end.wrapping_add(here.len() * tile / spread).cast(),
                        rarely: if tile < spread { STEPS * spread - 1 } else { usize::MAX },
                        bias,
                        out: out.wrapping_add(row * outputs + start),
                        outputs,
                        masks,
                        add: add || first > 0,
                    };
                    // SAFETY: `pack` alone makes a matrix, after asking the machine for AVX-512. By what the caller
                    // answers for, `out` has this tile's rows and columns, and nobody else uses them.
                    unsafe { BY_HEIGHT[lines - 1][height - 1](&spot) };
                    row += height;
                }
            }
        }
    }
}

/// The values of a panel's outputs, with zeros after them.
fn lines_of(values: &[f32]) -> [Line; LINES] {
    let mut lines = [Line([0.0; LINE]); LINES];
    lines.iter_mut().zip(values.chunks(LINE)).for_each(|(line, values)| line.0[..values.len()].copy_from_slice(values));
    lines
}

/// A bit for each of the outputs that a line has of `left`.
fn mask(left: usize) -> u16 {
    u16::MAX.checked_shr(LINE.saturating_sub(left) as u32).unwrap_or(0)
}

/// What a product without inputs is: its bias.
fn without_inputs(out: &mut [f32], bias: &[f32], add: bool) {
    if !add {
        out.fill(0.0);
    }
    for row in out.chunks_exact_mut(bias.len().max(1)).filter(|row| row.len() == bias.len()) {
        row.iter_mut().zip(bias).for_each(|(out, bias)| *out += bias);
    }
}

#[cfg(test)]
mod tests;
