//! Any bytes as a picture: pixels within the limits, or a typed error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uninote::note::PictureLimits;
use uninote::note::picture::{decode, inspect};

fuzz_target!(|bytes: &[u8]| {
    let mut limits = PictureLimits::default();
    (limits.bytes, limits.side, limits.pixels) = (1 << 20, 2_048, 1 << 20);
    let looked = inspect(bytes, &limits);
    match decode(bytes, &limits) {
        Ok(pixels) => {
            let (width, height) = (pixels.width, pixels.height);
            assert_eq!(pixels.rgb.len() as u64, 3 * u64::from(width) * u64::from(height));
            assert!(width.max(height) <= limits.side && u64::from(width) * u64::from(height) <= limits.pixels);
            let info = looked.expect("what can be decoded has a header");
            assert_eq!((info.width, info.height), (width, height));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
