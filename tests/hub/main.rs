//! `uninote model` against a hub on this machine: what is fetched, what is kept, what is refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up panics")]

mod broken;
mod cache;
mod hostile;
mod sandbox;
mod server;
