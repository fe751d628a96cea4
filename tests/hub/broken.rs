//! Connections that end too early, and servers that are not there or say no.

use crate::sandbox::Sandbox;
use crate::server::{Answer, Repo, Request, Server, etag, weights};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ID: &str = "org/tiny-bert";
/// Where connections end: no multiple of a buffer.
const MIDDLE: usize = 700_001;

/// A server that treats requests for the weights specially: `special` gets their number and the good answer.
fn weights_server(special: impl Fn(usize, &Request, Answer) -> Answer + Send + Sync + 'static) -> Server {
    let (repo, count) = (Repo::new(ID), AtomicUsize::new(0));
    Server::start(move |request| {
        let good = repo.answer(request);
        if request.path.ends_with("/model.safetensors") {
            special(count.fetch_add(1, Ordering::SeqCst), request, good)
        } else {
            good
        }
    })
}

fn ranges(server: &Server) -> Vec<Option<String>> {
    let requests = server.requests().into_iter().filter(|request| request.path.ends_with("/model.safetensors"));
    requests.map(|mut request| request.headers.remove("range")).collect()
}

fn assert_complete(sandbox: &Sandbox) {
    let path = sandbox.model(ID).join("blobs").join(etag("model.safetensors", &weights()));
    assert!(std::fs::read(path).unwrap() == weights(), "the weights are not what the server has");
    assert!(!sandbox.files().keys().any(|name| name.ends_with(".incomplete")));
}

#[test]
fn a_connection_cut_in_the_middle_is_taken_up_where_it_ended() {
    let server = weights_server(|number, _, good| if number == 0 { good.cut(MIDDLE) } else { good });
    let sandbox = Sandbox::at(&server);
    sandbox.run(&["pull", ID]).exits(0);
    assert_eq!(ranges(&server), [None, Some(format!("bytes={MIDDLE}-"))]);
    assert_complete(&sandbox);
}

#[test]
fn a_pull_killed_in_the_middle_leaves_no_half_file_and_goes_on_next_time() {
    let server = weights_server(|number, _, good| if number == 0 { good.stall(MIDDLE) } else { good });
    let sandbox = Sandbox::at(&server);
    let mut child = sandbox.command(&["pull", ID]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let partial = sandbox.model(ID).join("blobs").join(etag("model.safetensors", &weights()) + ".incomplete");
    let until = Instant::now() + Duration::from_secs(15);
    while std::fs::metadata(&partial).map_or(0, |about| about.len()) < MIDDLE as u64 {
        assert!(Instant::now() < until, "the first part never arrived");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    for name in sandbox.files().keys() {
        assert!(name.contains("/blobs/"), "{name} is there before the model is complete");
    }
    assert!(!partial.with_extension("").exists(), "half a file under its name");
    sandbox.run(&["path", ID]).exits(1);
    ranges(&server);
    sandbox.run(&["pull", ID]).exits(0);
    assert_eq!(ranges(&server), [Some(format!("bytes={MIDDLE}-"))]);
    assert_complete(&sandbox);
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let server = weights_server(|number, _, good| match number {
        0 => good.cut(MIDDLE),
        _ => Answer::status(200).body(weights()),
    });
    let sandbox = Sandbox::at(&server);
    sandbox.run(&["pull", ID]).exits(0);
    assert_complete(&sandbox);
}

#[test]
fn damage_in_what_an_earlier_run_left_is_found_and_fetched_again() {
    let server = weights_server(|_, _, good| good);
    let sandbox = Sandbox::at(&server);
    let blobs = sandbox.model(ID).join("blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(etag("model.safetensors", &weights()) + ".incomplete"), "not the first bytes").unwrap();
    sandbox.run(&["pull", ID]).exits(0);
    assert_eq!(ranges(&server), [Some("bytes=19-".to_owned()), None]);
    assert_complete(&sandbox);
}

#[test]
fn a_server_that_always_breaks_is_given_up_and_what_came_is_kept() {
    let server =
        weights_server(|_, request, good| good.cut(if request.headers.contains_key("range") { 0 } else { MIDDLE }));
    let sandbox = Sandbox::at(&server);
    sandbox.run(&["pull", ID]).exits(2).says(&["what has arrived is kept"]);
    let partial = sandbox.model(ID).join("blobs").join(etag("model.safetensors", &weights()) + ".incomplete");
    assert_eq!(std::fs::metadata(partial).unwrap().len(), MIDDLE as u64);
    sandbox.run(&["path", ID]).exits(1);
}

#[test]
fn a_refusal_says_what_to_do() {
    let refusal = |status: u16, code: Option<&'static str>| {
        let server = Server::start(move |_| match code {
            Some(code) => Answer::status(status).header("x-error-code", code),
            None => Answer::status(status),
        });
        Sandbox::at(&server).run(&["pull", ID]).exits(2)
    };
    refusal(401, Some("GatedRepo")).says(&["accept its licence", "HF_TOKEN"]);
    refusal(403, Some("GatedRepo")).says(&["accept its licence", "HF_TOKEN"]);
    refusal(403, None).says(&["ask its owner", "HF_TOKEN"]);
    refusal(401, Some("RepoNotFound")).says(&["has no model org/tiny-bert", "check the spelling", "HF_TOKEN"]);
    refusal(404, None).says(&["has no model org/tiny-bert"]);
    refusal(404, Some("RevisionNotFound")).says(&["such revision"]);
    refusal(503, None).says(&["status 503", "try again"]);
    refusal(200, None).says(&["unexpected answer", "HF_ENDPOINT"]);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = Sandbox::alone();
    let endpoint = format!("http://127.0.0.1:{closed}");
    let ran = crate::sandbox::Ran::of(sandbox.command(&["pull", ID]).env("HF_ENDPOINT", &endpoint));
    ran.exits(2).says(&[&endpoint, "connection refused", "check the network"]);
    let ran = crate::sandbox::Ran::of(sandbox.command(&["pull", ID]).env("HF_ENDPOINT", "ftp://x"));
    ran.exits(2).says(&["is no address"]);
}
