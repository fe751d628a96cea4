//! What the library is built of, held against `deny.toml` where `cargo-deny` is not at hand.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![expect(clippy::print_stderr, reason = "what is not looked at is said")]

use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A list of names in `deny.toml`.
fn listed(section: &str, key: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).unwrap();
    let policy: toml::Table = text.parse().unwrap();
    let names = policy[section][key].as_array().unwrap().iter();
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// All packages that any target or feature this project builds with could bring. Those of other targets are there after
/// `cargo fetch`, as in CI; a clone that only built and tested has those of this machine, and a test fetches nothing.
fn packages() -> Vec<Value> {
    if let Ok(all) = metadata(&["--features", "hub"]) {
        return all;
    }
    eprintln!("packages of other targets are not at hand and not looked at: cargo fetch --locked");
    let host = host();
    let here = ["--filter-platform", &host];
    metadata(&[here.as_slice(), &["--features", "hub"]].concat()).or_else(|_| metadata(&here)).unwrap()
}

/// What cargo says of the packages of a selection, without a network.
fn metadata(selection: &[&str]) -> Result<Vec<Value>, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version", "1", "--locked", "--offline"]).args(selection);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    Ok(metadata["packages"].as_array().unwrap().clone())
}

/// The target that this machine builds for.
fn host() -> String {
    let output = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// Whether a licence expression can be kept to with the licences allowed.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let named = |requirement: &LicenseReq| {
        requirement.addition.is_none() && requirement.license.id().is_some_and(|id| allowed.contains(id.name))
    };
    Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(named))
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed_and_comes_from_the_registry() {
    let (allowed, banned) = (listed("licenses", "allow"), listed("bans", "deny"));
    let packages = packages();
    assert!(packages.len() > 100);
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_allowed(licence, &allowed), "{name}: {licence:?} is not allowed by deny.toml");
        assert!(!banned.contains(name), "{name} is banned by deny.toml");
        let source = package["source"].as_str();
        let own = name == "uninote" || name == "uninote-index-format";
        assert!(own || source.is_some_and(|source| source.starts_with("registry+")), "{name} comes from {source:?}");
    }
}

#[test]
fn licences_are_read_as_they_are_meant() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for (expression, right) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0-or-later OR MIT", true),
        ("(MIT OR Apache-2.0) AND Zlib", false),
        ("MIT AND ISC", true),
        ("GPL-3.0-only", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), right, "{expression}");
    }
}
