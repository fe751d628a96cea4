//! `uninote train`: a ranking head or an adapter, trained on judgments or feedback, used if it is better; and taken away.
//! `told.rs` prints what a training came to.

mod told;

use crate::failure::{Failure, Outcome};
use crate::output::{print, print_json};
use crate::progress::Progress;
use crate::{Place, interrupt};
use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;
use told::{HeadJson, tell};
use uninote::Index;
use uninote::eval::{Collection, Direction};
use uninote::index::{Judged, TrainOptions};

/// Arguments of `uninote train`.
#[derive(Debug, clap::Args)]
pub(crate) struct Train {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Train the ranking head on judged queries
    Head {
        #[command(flatten)]
        judgments: Judgments,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        fields: Fields,
    },
    /// Train the ranking head on what was chosen of answers
    Feedback {
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        fields: Fields,
    },
    /// Train a projection of all vectors on judged queries
    Adapter {
        #[command(flatten)]
        judgments: Judgments,
        #[command(flatten)]
        how: How,
    },
    /// Go back to the head that comes with the library, to vectors as the encoder gives them, or erase feedback
    Remove {
        #[arg(value_enum)]
        what: Removed,
    },
}

#[derive(Debug, clap::Args)]
struct Judgments {
    /// Directory of the judged collection, as `eval` takes it; its notes are those of the index, under the same ids
    #[arg(value_name = "COLLECTION")]
    collection: PathBuf,
    /// Which of its judgments [default: the only ones]
    #[arg(long)]
    split: Option<String>,
}

#[derive(Debug, clap::Args)]
struct How {
    /// What the judgments are called in the record that is kept [default: the collection's name, or feedback]
    #[arg(long, value_name = "NAME")]
    data: Option<String>,
    /// Everything random follows from this
    #[arg(long, value_name = "N", default_value_t = TrainOptions::default().seed)]
    seed: u64,
}

#[derive(Debug, clap::Args)]
struct Fields {
    /// A numeric field of notes that the head may look at, too; may be given several times
    #[arg(long, value_name = "NAME")]
    field: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Removed {
    Head,
    Adapter,
    Feedback,
}

impl How {
    fn options(&self, data: &str, fields: &[String]) -> TrainOptions {
        let options = TrainOptions::new().data(self.data.as_deref().unwrap_or(data)).seed(self.seed);
        fields.iter().fold(options, TrainOptions::field)
    }
}

impl Judgments {
    /// The collection's name, the index, and its judged queries as the index is asked them.
    fn questions(&self, place: &Place) -> Result<(String, Index, Vec<Judged>), Failure> {
        let collection = Collection::open(&self.collection, self.split.as_deref(), Direction::default())?;
        let index = place.open()?;
        let judged = collection.questions(&index)?;
        Ok((collection.name().to_owned(), index, judged))
    }
}

impl Train {
    /// Runs the command: `Done` where the new is in use now, `Nothing` where the present stays. Ctrl-C changes nothing.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        match &self.what {
            What::Head { judgments, how, fields } => {
                let (name, index, judged) = judgments.questions(place)?;
                let options = how.options(&name, &fields.field);
                let trained = watched("the ranking head", |cancel| index.train(&judged, &options, Some(cancel)))?;
                tell("head", &index, &HeadJson::of(&trained), place)
            }
            What::Feedback { how, fields } => {
                let index = place.open()?;
                if index.feedback_events()? == 0 {
                    return Err(Failure::NoFeedback);
                }
                let options = how.options("feedback", &fields.field);
                let trained = watched("the ranking head", |cancel| index.train_on_feedback(&options, Some(cancel)))?;
                tell("head", &index, &HeadJson::of(&trained), place)
            }
            What::Adapter { judgments, how } => {
                let (name, index, judged) = judgments.questions(place)?;
                let options = how.options(&name, &[]);
                let trained = watched("an adapter", |cancel| index.train_adapter(&judged, &options, Some(cancel)))?;
                tell("adapter", &index, &trained, place)
            }
            What::Remove { what } => remove(*what, place),
        }
    }
}

/// Runs a training with a spinner, and with Ctrl-C to stop it.
fn watched<T>(what: &str, train: impl FnOnce(&uninote::Cancel) -> uninote::Result<T>) -> Result<T, Failure> {
    let cancel = interrupt::watch()?;
    let progress = Progress::of_work(format!("training {what}"));
    let trained = train(&cancel);
    progress.clear();
    Ok(trained?)
}

#[derive(Serialize)]
struct RemovedJson {
    removed: Removed,
    was_there: bool,
    generation: u64,
}

fn remove(what: Removed, place: &Place) -> Result<Outcome, Failure> {
    let index = place.open_without_encoder()?;
    let stats = index.snapshot().stats();
    let was_there = match what {
        Removed::Head => stats.head_unusable || stats.head.is_some_and(|head| head.own),
        Removed::Adapter => stats.adapter.is_some(),
        // What cannot be read is there, too, and may be what is to go.
        Removed::Feedback => index.feedback_events().map_or(true, |events| events > 0),
    };
    if was_there {
        match what {
            Removed::Head => index.remove_head()?,
            Removed::Adapter => index.remove_adapter(Some(&interrupt::watch()?))?,
            Removed::Feedback => index.forget_feedback()?,
        };
    }
    let generation = index.snapshot().generation();
    if place.json {
        print_json(&RemovedJson { removed: what, was_there, generation })?;
    } else {
        let (name, now) = match what {
            Removed::Head => ("head", "the one that comes with the library orders answers"),
            Removed::Adapter => ("adapter", "vectors are as the encoder gives them"),
            Removed::Feedback => ("feedback", "nothing is kept of what was chosen"),
        };
        let gone = if was_there { "is gone" } else { "was not there" };
        print(&format!("the index's own {name} {gone}: {now} (generation {generation})\n"))?;
    }
    Ok(Outcome::of(was_there))
}
