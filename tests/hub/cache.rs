//! A cache that is filled once, shared with other tools, and works without a network.

use crate::sandbox::{Ran, Sandbox};
use crate::server::{Answer, Repo, Server, etag};
use serde_json::json;
use std::fs;
use std::path::Path;

const ID: &str = "org/tiny-bert";

/// A repository on a server in good order.
pub(crate) fn good() -> (Repo, Server) {
    let repo = Repo::new(ID);
    let served = repo.clone();
    (repo, Server::start(move |request| served.answer(request)))
}

#[test]
fn a_pull_fetches_what_an_encoder_needs_into_the_shared_layout() {
    let (repo, server) = good();
    let sandbox = Sandbox::at(&server);
    let ran = sandbox.run(&["pull", ID]).exits(0).says(&["fetched 5 files"]);
    let snapshot = sandbox.model(ID).join("snapshots").join(&repo.commit);
    assert_eq!(ran.out.trim_end(), snapshot.to_str().unwrap());

    let prefix = format!("hf/hub/models--org--tiny-bert/snapshots/{}/", repo.commit);
    let files = sandbox.files();
    let shown: Vec<&str> = files.keys().filter_map(|name| name.strip_prefix(&prefix)).collect();
    let needed = ["1_Pooling/config.json", "config.json", "model.safetensors", "modules.json", "tokenizer.json"];
    assert_eq!(shown, needed);
    for name in needed {
        let content = &repo.files[name];
        assert!(files[&format!("{prefix}{name}")] == *content, "{name}");
        assert!(fs::read(sandbox.model(ID).join("blobs").join(etag(name, content))).unwrap() == *content, "{name}");
    }
    assert_eq!(fs::read_to_string(sandbox.model(ID).join("refs/main")).unwrap(), repo.commit);
    assert_eq!(files.len(), 2 * needed.len() + 1, "nothing half done is left: {:?}", files.keys());
    #[cfg(unix)]
    assert!(fs::read_link(snapshot.join("1_Pooling/config.json")).unwrap().starts_with("../../../blobs"));
}

#[test]
fn a_second_pull_downloads_nothing() {
    let (repo, server) = good();
    let sandbox = Sandbox::at(&server);
    sandbox.run(&["pull", ID]).exits(0);
    server.requests();
    let again = sandbox.json(&["pull", ID]);
    let path = sandbox.model(ID).join("snapshots").join(&repo.commit);
    let expected = json!({
        "id": ID, "revision": "main", "commit": repo.commit, "path": path, "fetched_files": 0, "fetched_bytes": 0
    });
    assert_eq!(again, expected);
    let asked = server.requests();
    assert!(asked.len() == 1 && asked[0].path.starts_with("/api/"), "{asked:?}");
}

#[test]
fn a_filled_cache_works_offline_and_list_and_path_never_ask() {
    let (repo, server) = good();
    let sandbox = Sandbox::at(&server);
    sandbox.run(&["pull", ID]).exits(0);
    server.requests();
    let path = sandbox.model(ID).join("snapshots").join(&repo.commit);
    let line = format!("{}\n", path.display());
    assert_eq!(sandbox.run(&["path", ID]).exits(0).out, line);
    assert_eq!(sandbox.run(&["path", ID, "--revision", &repo.commit]).exits(0).out, line);
    let listed = sandbox.json(&["list"]);
    let bytes: usize = repo.files.iter().filter(|(name, _)| path.join(name).exists()).map(|(_, file)| file.len()).sum();
    let expected = json!({ "models": [{
        "id": ID, "revisions": ["main"], "commit": repo.commit, "bytes": bytes, "kind": "bert", "readable": true, "path": path
    }]});
    assert_eq!(listed, expected);
    let offline = Ran::of(sandbox.command(&["pull", ID]).env("HF_HUB_OFFLINE", "1")).exits(0);
    assert_eq!(offline.out, line);
    assert!(server.requests().is_empty());

    let empty = Sandbox::at(&server);
    Ran::of(empty.command(&["pull", ID]).env("HF_HUB_OFFLINE", "1")).exits(2).says(&["HF_HUB_OFFLINE forbids"]);
    empty.run(&["path", ID]).exits(1).says(&["uninote model pull org/tiny-bert"]);
    empty.run(&["list"]).exits(1);
    assert!(server.requests().is_empty() && empty.files().is_empty());
}

#[test]
fn a_revision_is_asked_for_and_remembered() {
    let (repo, server) = good();
    let sandbox = Sandbox::at(&server);
    sandbox.run(&["pull", ID, "--revision", "refs/pr/1"]).exits(0);
    assert!(server.requests()[0].path.starts_with("/api/models/org/tiny-bert/revision/refs%2Fpr%2F1"));
    assert_eq!(fs::read_to_string(sandbox.model(ID).join("refs/refs/pr/1")).unwrap(), repo.commit);
    sandbox.run(&["path", ID, "--revision", "refs/pr/1"]).exits(0);
    sandbox.run(&["path", ID]).exits(1);
    sandbox.run(&["pull", ID, "--revision", "../x"]).exits(2).says(&["is no revision"]);
    sandbox.run(&["pull", "../x"]).exits(2).says(&["is no model id"]);
}

#[test]
fn a_server_whose_list_tells_no_checksums_is_asked_about_each_file() {
    let mut repo = Repo::new(ID);
    repo.tells = false;
    let served = repo.clone();
    let server = Server::start(move |request| served.answer(request));
    let sandbox = Sandbox::at(&server);
    sandbox.run(&["pull", ID]).exits(0);
    assert_eq!(server.requests().iter().filter(|request| request.method == "HEAD").count(), 5);
    assert!(sandbox.model(ID).join("blobs").join(etag("model.safetensors", &repo.files["model.safetensors"])).exists());
}

#[test]
fn quantised_weights_come_on_request_and_pickle_never() {
    let repo = Repo::new(ID).file("tiny-Q8_0.gguf", "q8").file("tiny-f16.gguf", "f16");
    let served = repo.clone();
    let server = Server::start(move |request| served.answer(request));
    let sandbox = Sandbox::at(&server);
    let path = sandbox.model(ID).join("snapshots").join(&repo.commit);
    let line = |path: &Path| format!("{}\n", path.display());
    let file = line(&path.join("tiny-Q8_0.gguf"));
    assert_eq!(sandbox.run(&["pull", ID, "--gguf", "q8"]).exits(0).out, file);
    assert!(path.join("tiny-Q8_0.gguf").exists() && !path.join("model.safetensors").exists());
    assert_eq!(sandbox.run(&["path", ID, "--gguf", "q8"]).exits(0).out, file);
    sandbox.run(&["path", ID, "--gguf", "f16"]).exits(1).says(&["uninote model pull org/tiny-bert --gguf f16"]);
    // What was not fetched is not there offline, whatever else of the model is.
    let offline = |arguments: &[&str]| Ran::of(sandbox.command(arguments).env("HF_HUB_OFFLINE", "1"));
    assert_eq!(offline(&["pull", ID, "--gguf", "q8"]).exits(0).out, file);
    offline(&["pull", ID, "--gguf", "f16"]).exits(2).says(&["with one GGUF file with \"f16\" in its name"]);
    offline(&["pull", ID]).exits(2).says(&["HF_HUB_OFFLINE forbids"]);
    // Both kinds of weights share a folder: each pull says which path is its own.
    assert_eq!(sandbox.run(&["pull", ID]).exits(0).out, line(&path));
    assert_eq!(sandbox.run(&["pull", ID, "--gguf", "f16"]).exits(0).out, line(&path.join("tiny-f16.gguf")));
    assert_eq!(sandbox.run(&["path", ID, "--gguf", "q8"]).exits(0).out, file);
    sandbox.run(&["pull", ID, "--gguf", "tiny"]).exits(2).says(&["tiny-Q8_0.gguf, tiny-f16.gguf"]);

    let mut pickle = repo;
    pickle.files.retain(|name, _| !name.ends_with(".gguf") && !name.ends_with(".safetensors"));
    let server = Server::start(move |request| pickle.answer(request));
    let sandbox = sandbox.now_at(&server);
    sandbox.run(&["pull", ID]).exits(2).says(&["pytorch_model.bin", "Pickle"]);
}

#[test]
fn a_list_reads_what_other_tools_left() {
    let sandbox = Sandbox::alone();
    sandbox.run(&["list"]).exits(1);
    let hub = sandbox.home().join("hub");
    let commit = "f".repeat(40);
    let put = |name: &str, text: &str| {
        let path = hub.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("version.txt", "1");
    put("datasets--a--b/refs/main", &commit);
    put(&format!("models--gpt2/snapshots/{commit}/config.json"), r#"{"model_type":"gpt2"}"#);
    put(&format!("models--gpt2/snapshots/{commit}/model.safetensors"), "");
    put("models--gpt2/refs/main", &format!("{commit}\n"));
    put(&format!("models--a--b/snapshots/{commit}/config.json"), r#"{"model_type":"bert"}"#);
    put("models--a--b/snapshots/not-a-commit/config.json", "{}");
    put("models--c--d/blobs/half.incomplete", "");
    let lines = sandbox.run(&["list"]).exits(0).out;
    let expected = format!("a/b\t{commit}\t21\tbert\tnot readable\ngpt2\tmain\t21\tgpt2\tnot readable\n");
    assert_eq!(lines, expected);
    // Only a configuration: other tools read it alone, an encoder cannot.
    sandbox.run(&["path", "a/b", "--revision", &commit]).exits(1);
}

#[test]
fn two_pulls_at_once_fetch_each_file_once() {
    let repo = Repo::new(ID);
    let server = Server::start(move |request| {
        if request.path.ends_with("model.safetensors") {
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        repo.answer(request)
    });
    let sandbox = Sandbox::at(&server);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| sandbox.run(&["pull", ID]).exits(0));
        }
    });
    let fetched = server.requests().iter().filter(|request| request.path.ends_with("model.safetensors")).count();
    assert_eq!(fetched, 1);
}

#[test]
fn a_disk_without_room_is_told_before_anything_is_fetched() {
    let repo = Repo::new(ID);
    let server = Server::start(move |request| {
        if !request.path.starts_with("/api/") {
            return repo.answer(request);
        }
        let large = json!({ "rfilename": "model.safetensors", "lfs": { "size": u64::MAX, "sha256": "a".repeat(64) } });
        let list = json!({ "sha": repo.commit, "siblings": [large, large, { "rfilename": "config.json", "size": 21, "blobId": "b".repeat(40) }] });
        Answer::status(200).body(list.to_string())
    });
    let sandbox = Sandbox::at(&server);
    sandbox.run(&["pull", ID]).exits(2).says(&["has room for", "HF_HOME"]);
    assert_eq!(server.requests().len(), 1);
}
