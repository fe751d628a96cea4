//! Requests: one at a time, redirects followed by hand, the token shown to the endpoint's own origin and to nobody else.

use super::settings::Token;
use super::{Hub, HubError};
use std::io::{ErrorKind, Read};
use std::time::Duration;
use ureq::http::{HeaderMap, Method, Request, Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// Most redirects that one request follows.
const HOPS: usize = 10;
/// Longest answer that is read into memory; lists of the largest repositories have a few megabytes.
const LONGEST_TEXT: u64 = 32 << 20;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(20);
/// How long the other side may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// Scheme, host and port: what a token is for (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// That of an `http` or `https` address.
    pub(super) fn of(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let scheme = uri.scheme_str()?.to_owned();
        let usual = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let host = uri.host().filter(|host| !host.is_empty())?.to_ascii_lowercase();
        Some(Self { scheme, host, port: uri.port_u16().unwrap_or(usual) })
    }
}

/// The server, asked about one model.
pub(super) struct Client<'a> {
    /// The model.
    pub(super) id: &'a str,
    agent: Agent,
    endpoint: &'a str,
    token: Option<&'a Token>,
}

/// An answer at the end of its redirects.
pub(super) struct Reply {
    /// The last response.
    pub(super) response: Response<Body>,
    /// Headers of the endpoint's first response: a redirect to a file server tells there what it leads to.
    pub(super) first: HeaderMap,
}

impl<'a> Client<'a> {
    /// For a model of a hub. Nothing is sent yet.
    pub(super) fn new(hub: &'a Hub, id: &'a str) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("uninote/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .tls_config(tls)
            .build();
        Self { id, agent: config.into(), endpoint: &hub.endpoint, token: hub.token.as_ref() }
    }

    /// The address of a path of the endpoint.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.endpoint)
    }

    /// Gets a text of bounded length.
    pub(super) fn text(&self, url: &str) -> Result<Vec<u8>, HubError> {
        let body = self.get(url, 0)?.response.into_body();
        let mut text = Vec::new();
        let read = body.into_reader().take(LONGEST_TEXT + 1).read_to_end(&mut text);
        read.map_err(|error| HubError::Unreachable { url: url.to_owned(), why: error.to_string() })?;
        if text.len() as u64 > LONGEST_TEXT {
            return Err(answer(url, format!("longer than {LONGEST_TEXT} bytes")));
        }
        Ok(text)
    }

    /// Gets a file from byte `from` on. Statuses other than 200, 206 and 416 are errors.
    pub(super) fn get(&self, url: &str, from: u64) -> Result<Reply, HubError> {
        let reply = self.send(&Method::GET, url, from)?;
        self.judge(url, reply)
    }

    /// Asks the endpoint about a file, without the file.
    pub(super) fn head(&self, url: &str) -> Result<HeaderMap, HubError> {
        let reply = self.send(&Method::HEAD, url, 0)?;
        Ok(self.judge(url, reply)?.first)
    }

    fn judge(&self, url: &str, reply: Reply) -> Result<Reply, HubError> {
        let id = self.id;
        let status = reply.response.status().as_u16();
        let why = header(&reply.first, "x-error-code").or_else(|| header(reply.response.headers(), "x-error-code"));
        let not_found = |what: String| Err(HubError::NotFound { what, endpoint: self.endpoint.to_owned() });
        match (status, why) {
            (200 | 206 | 300..=399 | 416, _) => Ok(reply),
            // The hub hides private models behind 401: the code tells whether there may be one.
            (401 | 404, Some("RepoNotFound")) => not_found(format!("model {id}")),
            (404, Some("RevisionNotFound")) => not_found(format!("such revision of {id} ({url})")),
            (404, _) => not_found(format!("model {id} ({url})")),
            (401 | 403, _) => Err(HubError::Denied { id: id.to_owned(), status, gated: why == Some("GatedRepo") }),
            (429 | 500..=599, _) => Err(HubError::Unreachable { url: url.to_owned(), why: format!("status {status}") }),
            _ => Err(answer(url, format!("status {status}"))),
        }
    }

    /// Sends one request and follows its redirects; a `HEAD` only as far as the endpoint's own origin.
    fn send(&self, method: &Method, url: &str, from: u64) -> Result<Reply, HubError> {
        let home = Origin::of(self.endpoint);
        let mut at = url.to_owned();
        let mut first = None;
        for _ in 0..HOPS {
            let origin = Origin::of(&at).ok_or_else(|| answer(url, format!("redirect to {at:?}")))?;
            let mut request = Request::builder().method(method.clone()).uri(&at);
            if from > 0 {
                request = request.header("range", format!("bytes={from}-"));
            }
            if let Some(token) = self.token.filter(|_| home.as_ref() == Some(&origin)) {
                request = request.header("authorization", format!("Bearer {}", token.0));
            }
            let request = request.body(()).map_err(|error| answer(url, error.to_string()))?;
            let response = self.agent.run(request).map_err(|error| failed(url, error))?;
            let next = target(&at, &response);
            let leaves = next.as_ref().is_some_and(|next| Origin::of(next).as_ref() != Some(&origin));
            // Until a redirect leaves the endpoint, each response is a better description than the one before.
            if home.as_ref() == Some(&origin) {
                first = Some(response.headers().clone());
            }
            match next {
                Some(next) if !(leaves && *method == Method::HEAD) => {
                    if at.starts_with("https:") && next.starts_with("http:") {
                        return Err(answer(url, format!("redirect from https to {next}")));
                    }
                    at = next;
                }
                _ => return Ok(Reply { response, first: first.unwrap_or_default() }),
            }
        }
        Err(answer(url, format!("more than {HOPS} redirects")))
    }
}

/// Where a response redirects to, as a full address.
fn target(at: &str, response: &Response<Body>) -> Option<String> {
    if ![301, 302, 303, 307, 308].contains(&response.status().as_u16()) {
        return None;
    }
    resolve(at, header(response.headers(), "location")?)
}

/// A reference as a full address, seen from an address (RFC 3986, section 5).
fn resolve(at: &str, location: &str) -> Option<String> {
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    // What stands in a query may well be an address.
    let scheme = location.split_once("://").map(|(scheme, _)| scheme);
    let is_full = scheme.is_some_and(|scheme| !scheme.is_empty() && scheme.bytes().all(in_scheme));
    let origin = || {
        let after = at.find("://")? + 3;
        Some(at[after..].find(['/', '?']).map_or(at, |length| &at[..after + length]))
    };
    match location {
        full if is_full => Some(full.to_owned()),
        other_host if other_host.starts_with("//") => Some(format!("{}:{other_host}", at.split(':').next()?)),
        query if query.starts_with('?') => Some(format!("{}{query}", at.split('?').next()?)),
        path if path.starts_with('/') => Some(format!("{}{path}", origin()?)),
        beside => Some(format!("{}/{beside}", at.split('?').next()?.rsplit_once('/')?.0)),
    }
}

/// A header as text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// An answer that is no answer.
pub(super) fn answer(url: &str, why: String) -> HubError {
    HubError::Answer { url: url.to_owned(), why }
}

fn failed(url: &str, error: ureq::Error) -> HubError {
    let url = url.to_owned();
    match error {
        ureq::Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => {
            HubError::Unreachable { url, why: "connection refused".to_owned() }
        }
        ureq::Error::HostNotFound => HubError::Unreachable { url, why: "there is no such host".to_owned() },
        other => {
            let why = other.to_string();
            // What verifies certificates hands its errors on as those of the connection.
            if why.to_ascii_lowercase().contains("certificate") {
                HubError::Untrusted { url, why }
            } else {
                HubError::Unreachable { url, why }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_its_address_says() {
        let at = "https://hub.example/org/model/resolve/main/a.json?x=1";
        for (location, expected) in [
            ("http://else.example/b", "http://else.example/b"),
            ("//else.example/b", "https://else.example/b"),
            ("/b?to=https://else.example/c", "https://hub.example/b?to=https://else.example/c"),
            ("b?to=https://else.example/c", "https://hub.example/org/model/resolve/main/b?to=https://else.example/c"),
            ("?y=2", "https://hub.example/org/model/resolve/main/a.json?y=2"),
        ] {
            assert_eq!(resolve(at, location).as_deref(), Some(expected), "{location}");
        }
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_no_matter_of_the_network() {
        let told = |why: &'static str| failed("https://x", std::io::Error::new(ErrorKind::InvalidData, why).into());
        assert!(matches!(told("invalid peer certificate: UnknownIssuer"), HubError::Untrusted { .. }));
        assert!(matches!(told("corrupt message"), HubError::Unreachable { .. }));
    }
}
