//! Any bytes as a picture: pixels within the limits, or a typed error.
//!
//! Decoders of other crates panic on some damaged files (png 0.18.1 does on a palette whose length is no multiple of three):
//! the room catches that and says that the picture is damaged. A panic of the room's own code is a finding as ever.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use uninote::note::PictureLimits;
use uninote::note::picture::{decode, inspect};

/// The folder whose panics are findings even where they are caught.
const OWN: &str = "note/picture";

/// Puts a hook before the fuzzer's, which ends the process at any panic: those of other crates are left to the room, and if it
/// does not catch one, the fuzzer ends the process after all.
fn leave_decoders_to_the_room() {
    let end = take_hook();
    let hook = move |panic: &PanicHookInfo<'_>| {
        if panic.location().is_none_or(|place| place.file().contains(OWN)) {
            end(panic);
        }
    };
    set_hook(Box::new(hook));
}

fuzz_target!(init: leave_decoders_to_the_room(), |bytes: &[u8]| {
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
