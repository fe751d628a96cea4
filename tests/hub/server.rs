//! A model hub on 127.0.0.1: just enough HTTP/1.1, one answer a connection, every request kept for the test to read.

use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a client asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
}

/// What it gets.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Bytes of the body after which the connection ends.
    cut: Option<usize>,
    /// Whether it stays open, silent, instead of ending.
    stalls: bool,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), cut: None, stalls: false }
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Ends the connection after so many bytes of the body.
    pub(crate) fn cut(mut self, after: usize) -> Self {
        self.cut = Some(after);
        self
    }

    /// Falls silent after so many bytes of the body.
    pub(crate) fn stall(mut self, after: usize) -> Self {
        (self.cut, self.stalls) = (Some(after), true);
        self
    }

    fn send(&self, stream: &mut TcpStream, without_body: bool) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !self.headers.iter().any(|(name, _)| name == "content-length") {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        stream.write_all((head + "\r\n").as_bytes())?;
        if !without_body {
            stream.write_all(&self.body[..self.cut.unwrap_or(self.body.len())])?;
        }
        stream.flush()?;
        if self.stalls {
            std::thread::sleep(Duration::from_secs(20));
        }
        Ok(())
    }
}

/// A running server; it ends with the test process.
pub(crate) struct Server {
    pub(crate) port: u16,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request as `respond` says.
    pub(crate) fn start(respond: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, respond) = (log.clone(), Arc::new(respond));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, respond) = (kept.clone(), respond.clone());
                std::thread::spawn(move || serve(stream, &kept, respond.as_ref()));
            }
        });
        Self { port, log }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests so far, which are then forgotten.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<Request>>, respond: &dyn Fn(&Request) -> Answer) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let mut words = first.split(' ').map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return };
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let request = Request { method, path, headers: headers.collect() };
    log.lock().unwrap().push(request.clone());
    // The client may be gone: that is its business.
    let _ = respond(&request).send(&mut stream, request.method == "HEAD");
}

/// A repository with small files and large ones, as the hub tells them apart.
#[derive(Clone)]
pub(crate) struct Repo {
    pub(crate) id: String,
    pub(crate) commit: String,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Whether the list tells sizes and checksums.
    pub(crate) tells: bool,
}

impl Repo {
    /// A sentence-transformers model, with things that no encoder needs.
    pub(crate) fn new(id: &str) -> Self {
        let files = [
            (".gitattributes", b"* text".to_vec()),
            ("1_Pooling/config.json", br#"{"pooling_mode_mean_tokens":true}"#.to_vec()),
            ("README.md", b"read me".to_vec()),
            ("config.json", br#"{"model_type":"bert"}"#.to_vec()),
            ("model.safetensors", weights()),
            ("modules.json", b"[]".to_vec()),
            ("onnx/model.onnx", b"onnx".to_vec()),
            ("pytorch_model.bin", b"pickle".to_vec()),
            ("tokenizer.json", b"{}".to_vec()),
        ];
        let files = files.into_iter().map(|(name, content)| (name.to_owned(), content)).collect();
        Self { id: id.to_owned(), commit: "0123456789abcdef0123456789abcdef01234567".to_owned(), files, tells: true }
    }

    pub(crate) fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(name.to_owned(), content.into());
        self
    }

    /// The answer of a hub in good order.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        if request.path.starts_with(&format!("/api/models/{}/revision/", self.id)) {
            return Answer::status(200).body(self.list().to_string());
        }
        let name = request.path.strip_prefix(&format!("/{}/resolve/{}/", self.id, self.commit));
        match name.and_then(|name| self.files.get_key_value(name)) {
            Some((name, content)) => self.part(name, content, request),
            None => Answer::status(404),
        }
    }

    fn part(&self, name: &str, content: &[u8], request: &Request) -> Answer {
        let range = request.headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        let from = range.map(|from| from.parse::<usize>().unwrap());
        let answer = match from {
            None => Answer::status(200).body(content),
            Some(from) => Answer::status(206)
                .header("content-range", format!("bytes {from}-{}/{}", content.len() - 1, content.len()))
                .body(&content[from..]),
        };
        answer.header("etag", format!("\"{}\"", etag(name, content))).header("x-repo-commit", &self.commit)
    }

    fn list(&self) -> Value {
        let siblings = self.files.iter().map(|(name, content)| {
            let mut file = json!({ "rfilename": name });
            if self.tells {
                file["size"] = content.len().into();
                file["blobId"] = git(content).into();
                if is_large(name) {
                    file["lfs"] = json!({ "size": content.len(), "sha256": sha256(content), "pointerSize": 134 });
                }
            }
            file
        });
        json!({ "id": self.id, "sha": self.commit, "siblings": siblings.collect::<Vec<_>>() })
    }
}

/// Enough bytes for a middle.
pub(crate) fn weights() -> Vec<u8> {
    (0..400_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

/// The checksum that names a file in the cache.
pub(crate) fn etag(name: &str, content: &[u8]) -> String {
    if is_large(name) { sha256(content) } else { git(content) }
}

fn is_large(name: &str) -> bool {
    [".safetensors", ".gguf", ".bin", ".onnx"].iter().any(|end| name.ends_with(end))
}

fn sha256(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

fn git(content: &[u8]) -> String {
    hex(&Sha1::new().chain_update(format!("blob {}\0", content.len())).chain_update(content).finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
