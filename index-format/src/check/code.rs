//! Whether a code is that of a prefix, in double precision and by the words of `SPEC.md`: nothing is shared with the code
//! that writes it.

use super::space::squared_length;
use crate::SpaceMeta;

/// Half a unit of rounding, and what single precision adds to it.
const WITHIN: f64 = 0.51;
/// What single precision may change in a component of a turned unit vector.
const TURNED_WITHIN: f64 = 2e-6;
/// The level of the half byte that stands for 0 to 1 units.
const ZERO_LEVEL: f64 = 8.0;

/// Whether the code is that of the prefix (turned already), within rounding.
pub(super) fn stands_for(meta: &SpaceMeta, prefix: &[f32], code: &[i8]) -> bool {
    let length = squared_length(prefix).sqrt();
    let factor = if length == 0.0 { 0.0 } else { f64::from(meta.code_scale) / length };
    // A short prefix enlarges the last digits of its components with all the others; spreading adds them up.
    let added = if meta.code_bits == 8 { 1.0 } else { f64::from(meta.code_dims).sqrt() };
    let within = WITHIN + if meta.rotation.is_some() { added * factor * TURNED_WITHIN } else { 0.0 };
    let wide: Vec<f64> = prefix.iter().map(|component| f64::from(*component) * factor).collect();
    if meta.code_bits == 8 {
        let close = |(wanted, code): (&f64, &i8)| (wanted.clamp(-127.0, 127.0) - f64::from(*code)).abs() <= within;
        return wide.iter().zip(code).all(close);
    }
    let spread = spread(wide);
    let close = |(wanted, level): (&f64, u8)| {
        let middle = (wanted + ZERO_LEVEL).clamp(0.5, 15.5);
        (middle - (f64::from(level) + 0.5)).abs() <= within
    };
    let levels = code.iter().map(|byte| byte.cast_unsigned() & 15);
    let levels = levels.chain(code.iter().map(|byte| byte.cast_unsigned() >> 4));
    spread.iter().zip(levels).all(close)
}

/// Signs flipped, then the Walsh-Hadamard transform.
fn spread(mut components: Vec<f64>) -> Vec<f64> {
    let mut state = 0_u64;
    for block in components.chunks_mut(64) {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut signs = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        signs = (signs ^ (signs >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        signs ^= signs >> 31;
        for (place, component) in block.iter_mut().enumerate() {
            if signs >> place & 1 == 1 {
                *component = -*component;
            }
        }
    }
    let dims = components.len();
    let mut step = 1;
    while step < dims {
        components = (0..dims)
            .map(|at| {
                let other = components.get(at ^ step).copied().unwrap_or_default();
                let own = components.get(at).copied().unwrap_or_default();
                if at & step == 0 { own + other } else { other - own }
            })
            .collect();
        step = step.saturating_mul(2);
    }
    components
}
