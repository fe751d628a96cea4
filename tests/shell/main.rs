//! The `uninote` binary as a user meets it: every subcommand, its JSON, its exit codes, and what bad input gets.
#![cfg(feature = "shell")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot be set up panics, or says that it is skipped"
)]

mod bad_index;
mod bad_notes;
mod commands;
mod eval;
mod export;
mod filters;
mod memory;
mod pipes;
mod ranking;
mod reencode;
mod sandbox;
mod terms;
