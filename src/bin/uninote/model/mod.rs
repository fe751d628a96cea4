//! `uninote model`: models in the cache, and into it.
//!
//! | file | what it does |
//! |---|---|
//! | `list.rs` | `list`: what is in the cache |
//! | `pull.rs` | `pull`: fetches a model |
//! | `path.rs` | `path`: where a model lies |

mod list;
mod path;
mod pull;

use crate::Place;
use crate::failure::{Failure, Outcome};
use clap::Subcommand;
use uninote::hub::Pull;

/// Arguments of `uninote model`.
#[derive(Debug, clap::Args)]
pub(crate) struct Model {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the models in the cache
    List,
    /// Fetch a model into the cache, or what is missing of it
    Pull(pull::Arguments),
    /// Print where a model lies in the cache
    Path(path::Arguments),
}

impl Model {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        match &self.action {
            Action::List => list::run(place),
            Action::Pull(arguments) => arguments.run(place),
            Action::Path(arguments) => arguments.run(place),
        }
    }
}

/// Which model.
#[derive(Debug, clap::Args)]
struct Which {
    /// Id of the model, such as sentence-transformers/all-MiniLM-L6-v2
    id: String,
    /// Branch, tag or commit
    #[arg(long, value_name = "REVISION", default_value = "main")]
    revision: String,
    /// The one GGUF file with PART in its name, such as Q8_0, in place of safetensors
    #[arg(long, value_name = "PART")]
    gguf: Option<String>,
}

impl Which {
    fn options(&self) -> Pull {
        let mut options = Pull::new().revision(&self.revision);
        options.gguf.clone_from(&self.gguf);
        options
    }
}
