//! Ctrl-C: the first asks the running work to stop at a clean point, the second ends the process at once.

use crate::failure::{Failure, INTERRUPTED};
use crate::output;
use uninote::Cancel;

/// From here on Ctrl-C (and a termination request) sets the flag instead of ending the process.
pub(crate) fn watch() -> Result<Cancel, Failure> {
    let cancel = Cancel::new();
    let flag = cancel.clone();
    ctrlc::set_handler(move || {
        if flag.is_cancelled() {
            // Safe at any moment: a commit is all or nothing, whatever ends the process.
            std::process::exit(i32::from(INTERRUPTED));
        }
        flag.cancel();
        output::diagnostic("stopping; once more ends at once");
    })?;
    Ok(cancel)
}
