//! Where the cache is and which server to ask, from the environment variables that all Hugging Face tools share.

use super::{Hub, HubError};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The server where nothing names another.
const ENDPOINT: &str = "https://huggingface.co";

/// A token for the server, which no message shows.
#[derive(Clone)]
pub(super) struct Token(pub(super) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// Reads the environment. `variable` looks a variable up; `home` is the user's home directory.
pub(super) fn read(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Result<Hub, HubError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let folder = |name: &str| set(name).map(|value| expand(value.into(), home.as_deref()));
    let hf_home = folder("HF_HOME")
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("huggingface")))
        .or_else(|| home.as_ref().map(|home| home.join(".cache/huggingface")));
    let cache = folder("HF_HUB_CACHE")
        .or_else(|| folder("HUGGINGFACE_HUB_CACHE"))
        .or_else(|| hf_home.as_ref().map(|home| home.join("hub")))
        .ok_or(HubError::NoHome)?;
    let text = |name: &str| set(name).and_then(|value| value.into_string().ok());
    let yes = |name: &str| text(name).is_some_and(|value| is_yes(&value));
    let token_file = folder("HF_TOKEN_PATH").or_else(|| hf_home.map(|home| home.join("token")));
    let token = text("HF_TOKEN")
        .or_else(|| text("HUGGING_FACE_HUB_TOKEN"))
        .or_else(|| fs::read_to_string(token_file.filter(|_| !yes("HF_HUB_DISABLE_IMPLICIT_TOKEN"))?).ok())
        .and_then(|token| clean(&token));
    let hub = Hub {
        cache,
        endpoint: ENDPOINT.to_owned(),
        token,
        offline: text("HF_HUB_OFFLINE").or_else(|| text("TRANSFORMERS_OFFLINE")).is_some_and(|value| is_yes(&value)),
    };
    match text("HF_ENDPOINT") {
        Some(endpoint) => hub.endpoint(endpoint),
        None => Ok(hub),
    }
}

/// A token as it is sent: without the line break at the end of its file; none if nothing is left.
pub(super) fn clean(token: &str) -> Option<Token> {
    let token = token.trim();
    // A byte that cannot stand in a header would fail each request with a message about something else.
    (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Token(token.to_owned()))
}

/// What Hugging Face tools take for yes.
fn is_yes(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
}

/// `~` at the beginning is the home directory.
fn expand(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(variables: &[(&str, &str)]) -> Hub {
        let look = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        read(&look, Some("/home/me".into())).unwrap()
    }

    #[test]
    fn the_cache_lies_where_other_tools_look() {
        let cache = |variables: &[(&str, &str)]| hub(variables).cache;
        assert_eq!(cache(&[]), Path::new("/home/me/.cache/huggingface/hub"));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), Path::new("/x/huggingface/hub"));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x"), ("HF_HOME", "~/hf")]), Path::new("/home/me/hf/hub"));
        assert_eq!(cache(&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/c")]), Path::new("/c"));
        assert_eq!(cache(&[("HF_HOME", "")]), Path::new("/home/me/.cache/huggingface/hub"));
        assert!(matches!(read(&|_| None, None), Err(HubError::NoHome)));
    }

    #[test]
    fn offline_means_what_it_means_elsewhere() {
        for (value, offline) in [("1", true), ("ON", true), ("True", true), ("0", false), ("", false), ("no", false)] {
            assert_eq!(hub(&[("HF_HUB_OFFLINE", value)]).offline, offline, "{value:?}");
        }
        assert!(hub(&[("TRANSFORMERS_OFFLINE", "yes")]).offline);
    }

    #[test]
    fn the_token_comes_from_the_environment_or_its_file_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), "hf_file\n").unwrap();
        let home = folder.path().to_str().unwrap();
        let token = |variables: &[(&str, &str)]| hub(variables).token.map(|token| token.0);
        assert_eq!(token(&[("HF_HOME", home)]).as_deref(), Some("hf_file"));
        assert_eq!(token(&[("HF_HOME", home), ("HF_TOKEN", "hf_env ")]).as_deref(), Some("hf_env"));
        assert_eq!(token(&[("HF_HOME", home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
        assert!(!format!("{:?}", hub(&[("HF_TOKEN", "hf_env")])).contains("hf_env"));
    }

    #[test]
    fn an_endpoint_is_an_address() {
        assert_eq!(hub(&[]).endpoint, ENDPOINT);
        assert_eq!(hub(&[("HF_ENDPOINT", "http://127.0.0.1:9/")]).endpoint, "http://127.0.0.1:9");
        for wrong in ["ftp://x", "huggingface.co", "https://", "file:///etc"] {
            assert!(matches!(hub(&[]).endpoint(wrong), Err(HubError::Endpoint { .. })), "{wrong}");
        }
    }
}
