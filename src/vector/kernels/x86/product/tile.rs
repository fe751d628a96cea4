//! A few rows by one panel: the loop in which the arithmetic is done.
#![expect(clippy::needless_range_loop, reason = "behind iterators the compiler leaves the sums in memory")]

use super::super::super::prefetch_line;
use super::{HEIGHT, LINE, LINES, Line};
use core::arch::x86_64::{
    __m512, __mmask16, _mm512_add_ps, _mm512_fmadd_ps, _mm512_load_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps,
    _mm512_set1_ps, _mm512_setzero_ps,
};

/// Inputs between two looks at what is read next; a power of two.
pub(super) const STEPS: usize = 4;

/// What one tile works on.
pub(super) struct Spot<'a> {
    /// From the first row's first input of this block to the last row's last; rows lie `inputs` apart.
    pub(super) rows: &'a [f32],
    pub(super) inputs: usize,
    /// As many lines for each input of the block as the tile is wide.
    pub(super) panel: &'a [Line],
    /// What to fetch meanwhile: the lines of [`STEPS`] inputs, where these bits of an input's number are zero.
    pub(super) next: *const u8,
    pub(super) rarely: usize,
    /// The bias of the panel's outputs; zeros where nothing is to be added.
    pub(super) bias: [Line; LINES],
    /// The first row's first output of this panel; rows lie `outputs` apart.
    pub(super) out: *mut f32,
    pub(super) outputs: usize,
    /// For each line of the panel, a bit for each output that there is.
    pub(super) masks: [__mmask16; LINES],
    /// Whether to add to what is in `out`.
    pub(super) add: bool,
}

/// A tile of a fixed height and width.
///
/// # Safety
/// The machine has AVX-512, and `out` is good for the tile's rows and columns, with nobody else there.
type Tile = unsafe fn(&Spot<'_>);

/// By the lines of the panel, then by the rows; one less each.
pub(super) const BY_HEIGHT: [[Tile; HEIGHT]; LINES] = [of_width::<1>(), of_width::<2>(), of_width::<3>()];

const fn of_width<const W: usize>() -> [Tile; HEIGHT] {
    [tile::<1, W>, tile::<2, W>, tile::<3, W>, tile::<4, W>, tile::<5, W>, tile::<6, W>, tile::<7, W>, tile::<8, W>]
}

/// A [`Tile`].
///
/// # Safety
/// As for [`Tile`].
#[target_feature(enable = "avx512f")]
unsafe fn tile<const H: usize, const W: usize>(spot: &Spot<'_>) {
    let depth = spot.panel.len() / W;
    assert!(spot.rows.len() >= (H - 1) * spot.inputs + depth, "rows shorter than a tile");
    let mut sums = [[_mm512_setzero_ps(); W]; H];
    let (mut next, mut done) = (spot.next, 0);
    while done + STEPS <= depth {
        if done & spot.rarely == 0 {
            for line in 0..W * STEPS {
                prefetch_line(next.wrapping_add(line * size_of::<Line>()));
            }
            next = next.wrapping_add(W * STEPS * size_of::<Line>());
        }
        for step in done..done + STEPS {
            // SAFETY: `step` is less than `depth`.
            unsafe { add_step(&mut sums, spot, step) };
        }
        done += STEPS;
    }
    for step in done..depth {
        // SAFETY: as above.
        unsafe { add_step(&mut sums, spot, step) };
    }
    for row in 0..H {
        for line in 0..W {
            let mask = spot.masks[line];
            let out = spot.out.wrapping_add(row * spot.outputs + line * LINE);
            let sum = _mm512_add_ps(sums[row][line], load(&spot.bias[line]));
            // SAFETY: the caller answers for this many rows, and for the columns of the masks, from `out`; masked-off lanes are neither read nor
            // written.
            unsafe {
                let sum = if spot.add { _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, out)) } else { sum };
                _mm512_mask_storeu_ps(out, mask, sum);
            }
        }
    }
}

/// Adds the products of one input. The caller answers for the panel having `W` lines for it, and for `H` rows that have it.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn add_step<const H: usize, const W: usize>(sums: &mut [[__m512; W]; H], spot: &Spot<'_>, step: usize) {
    let mut lines = [_mm512_setzero_ps(); W];
    for line in 0..W {
        // SAFETY: the panel has `W` lines for this input, says the caller.
        lines[line] = load(unsafe { spot.panel.get_unchecked(step * W + line) });
    }
    for row in 0..H {
        // SAFETY: there are `H` rows with this input, says the caller.
        let value = _mm512_set1_ps(unsafe { *spot.rows.get_unchecked(row * spot.inputs + step) });
        for line in 0..W {
            sums[row][line] = _mm512_fmadd_ps(value, lines[line], sums[row][line]);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(line: &Line) -> __m512 {
    // SAFETY: the reference covers the sixteen values that are read, aligned as the load asks.
    unsafe { _mm512_load_ps(line.0.as_ptr()) }
}
