//! Servers that mean harm, and the token.

use crate::sandbox::{Ran, Sandbox};
use crate::server::{Answer, Repo, Server, weights};
use serde_json::json;

const ID: &str = "org/tiny-bert";

#[test]
fn names_that_lead_out_of_the_cache_are_refused() {
    for name in ["../config.json", "a/../../config.json", "/tmp/config.json", "..\\config.json", "C:config.json", ""] {
        let repo = Repo::new(ID).file(name, "x");
        let server = Server::start(move |request| repo.answer(request));
        let sandbox = Sandbox::at(&server);
        sandbox.run(&["pull", ID]).exits(2).says(&["leads out of its folder"]);
        assert!(sandbox.files().is_empty(), "{name}");
    }
}

#[test]
fn commits_and_checksums_that_are_paths_are_refused() {
    let file = json!({ "rfilename": "model.safetensors", "size": 1, "blobId": "../../../x" });
    let good = "0".repeat(40);
    for (sha, file) in [("../../x", json!({ "rfilename": "config.json" })), (good.as_str(), file)] {
        let list = json!({ "sha": sha, "siblings": [file] }).to_string();
        let server = Server::start(move |request| match request.path.starts_with("/api/") {
            true => Answer::status(200).body(list.clone()),
            false => Answer::status(200).header("etag", "\"../../../x\"").body("x"),
        });
        let sandbox = Sandbox::at(&server);
        sandbox.run(&["pull", ID]).exits(2).says(&["unexpected answer"]);
        assert!(sandbox.files().is_empty());
    }
}

#[test]
fn content_that_is_not_what_was_announced_gets_no_name() {
    let mut other = weights();
    other[1_000_000] ^= 1;
    let longer = [weights(), vec![0; 100_000]].concat();
    for content in [other, longer] {
        let repo = Repo::new(ID);
        let server = Server::start(move |request| match request.path.ends_with("/model.safetensors") {
            true => Answer::status(200).body(content.clone()),
            false => repo.answer(request),
        });
        let sandbox = Sandbox::at(&server);
        sandbox.run(&["pull", ID]).exits(2).says(&["model.safetensors arrived damaged", "try again"]);
        assert!(!sandbox.files().keys().any(|name| name.contains("snapshots") || name.contains("refs")));
        assert!(sandbox.files().values().all(|content| content.len() < 1000), "damaged weights are kept");
        sandbox.run(&["path", ID]).exits(1);
    }
}

#[test]
fn small_files_are_held_to_their_checksum_too() {
    let repo = Repo::new(ID);
    let server = Server::start(move |request| match request.path.ends_with("/tokenizer.json") {
        true => Answer::status(200).body("[]"),
        false => repo.answer(request),
    });
    Sandbox::at(&server).run(&["pull", ID]).exits(2).says(&["tokenizer.json arrived damaged"]);
}

#[test]
fn the_token_is_shown_to_the_endpoint_and_to_no_redirect_target() {
    let store = Server::start(|request| {
        let name = request.path.trim_start_matches("/store/");
        let wanted = Repo::new(ID).files[name].clone();
        Answer::status(200).body(wanted)
    });
    let (repo, target) = (Repo::new(ID), store.address());
    let endpoint = Server::start(move |request| match request.path.split_once("/resolve/") {
        Some((_, file)) => {
            let name = file.split_once('/').unwrap().1;
            let content = &repo.files[name];
            Answer::status(302)
                .header("location", format!("{target}/store/{name}"))
                .header("x-linked-etag", format!("\"{}\"", crate::server::etag(name, content)))
                .header("x-linked-size", content.len())
        }
        // A renamed model: the redirect stays at the endpoint.
        None if request.path.contains("/old-name/") => {
            Answer::status(307).header("location", request.path.replace("/old-name/", "/tiny-bert/"))
        }
        None => repo.answer(request),
    });
    let sandbox = Sandbox::at(&endpoint);
    let ran = Ran::of(sandbox.command(&["pull", "org/old-name"]).env("HF_TOKEN", "hf_secret")).exits(0);
    assert!(!ran.err.contains("hf_secret") && !ran.out.contains("hf_secret"));
    let (asked, fetched) = (endpoint.requests(), store.requests());
    assert_eq!((asked.len(), fetched.len()), (7, 5));
    assert!(asked.iter().all(|request| request.headers["authorization"] == "Bearer hf_secret"));
    assert!(fetched.iter().all(|request| !request.headers.contains_key("authorization")));
}

#[test]
fn redirects_in_a_circle_end() {
    let server = Server::start(|request| Answer::status(302).header("location", &request.path));
    Sandbox::at(&server).run(&["pull", ID]).exits(2).says(&["redirects"]);
    assert!(server.requests().len() <= 10);
}
