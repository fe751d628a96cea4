//! How fast an encoder from a model directory is, on batches of texts of an exact number of tokens, alone or beside another
//! program that is asked in turns.

use crate::Outcome;
use crate::process::median;
use clap::Args;
use cpu_time::ProcessTime;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use uninote::encode::{Input, Part, Role, SharedEncoder, from_dir};

/// Batches: texts and tokens each.
const SHAPES: &[(usize, usize)] = &[(1, 8), (1, 32), (1, 128), (32, 32), (32, 128)];

/// One token each in the vocabulary of BERT, so that the length of a text is known without its tokenizer.
const WORDS: &[&str] = &[
    "house", "river", "garden", "winter", "music", "paper", "stone", "bridge", "morning", "letter", "silver", "forest",
    "market", "summer", "window", "island", "story", "mountain", "kitchen", "village",
];

#[derive(Args)]
pub(crate) struct EncoderArguments {
    /// The model directory, of the BERT family
    model: PathBuf,
    /// Threads; with one, processor time is measured, with more the clock
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Passes to take medians of
    #[arg(long, default_value_t = 9)]
    passes: usize,
    /// A program to ask in turns: it gets `LOAD threads`, answers a line, then `RUN texts tokens 1` lines, each answered with
    /// milliseconds
    #[arg(long, num_args = 1.., allow_hyphen_values = true)]
    beside: Vec<String>,
}

/// Prints milliseconds a batch.
pub(crate) fn encoder(arguments: &EncoderArguments) -> Outcome {
    let start = Instant::now();
    let encoder = from_dir(&arguments.model)?;
    println!("{}: opened in {:.0} ms", encoder.info().name, start.elapsed().as_secs_f64() * 1e3);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let mut peer = match arguments.beside.split_first() {
        Some((program, rest)) => Some(Peer::start(program, rest, arguments.threads)?),
        None => None,
    };
    for (texts, tokens) in SHAPES {
        let texts: Vec<String> = (0..*texts).map(|text| text_of(text, *tokens)).collect();
        let (mut own, mut others) = (Vec::new(), Vec::new());
        // The first pass warms up.
        for pass in 0..=arguments.passes {
            let took = pool.install(|| run(&encoder, &texts, arguments.threads).map_err(|error| error.to_string()))?;
            let other = peer.as_mut().map(|peer| peer.run(texts.len(), *tokens)).transpose()?;
            if pass > 0 {
                own.push(took);
                others.extend(other);
            }
        }
        let ratios: Vec<f64> = others.iter().zip(&own).map(|(other, own)| other / own).collect();
        print!("{} x {tokens} tokens: {:.2} ms", texts.len(), median(own));
        match others.is_empty() {
            true => println!(),
            false => println!(", beside {:.2} ms: {:.2} times as fast", median(others), median(ratios)),
        }
    }
    Ok(())
}

/// A text of so many tokens, two of which the tokenizer adds.
fn text_of(number: usize, tokens: usize) -> String {
    let words: Vec<&str> = WORDS.iter().cycle().skip(number).take(tokens.saturating_sub(2)).copied().collect();
    words.join(" ")
}

/// Milliseconds of one batch; small ones are run several times.
fn run(encoder: &SharedEncoder, texts: &[String], threads: usize) -> Outcome<f64> {
    let parts: Vec<Part<'_>> = texts.iter().map(|text| Part::Text(text)).collect();
    let inputs: Vec<Input<'_>> = parts.iter().map(|part| Input { parts: std::slice::from_ref(part) }).collect();
    let (clock, processor) = (Instant::now(), ProcessTime::try_now()?);
    encoder.encode(Role::Document, &inputs)?;
    let took = if threads == 1 { processor.try_elapsed()? } else { clock.elapsed() };
    Ok(took.as_secs_f64() * 1e3)
}

/// The other program.
struct Peer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Peer {
    fn start(program: &str, arguments: &[String], threads: usize) -> Outcome<Self> {
        let mut command = Command::new(program);
        let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { return Err("no pipes".into()) };
        let mut peer = Self { child, to, from: BufReader::new(from) };
        println!("beside: {}", peer.ask(&format!("LOAD {threads}"))?);
        Ok(peer)
    }

    fn ask(&mut self, line: &str) -> Outcome<String> {
        writeln!(self.to, "{line}")?;
        self.to.flush()?;
        let mut answer = String::new();
        if self.from.read_line(&mut answer)? == 0 {
            return Err(format!("the other program ended at {line:?}").into());
        }
        Ok(answer.trim().to_owned())
    }

    fn run(&mut self, texts: usize, tokens: usize) -> Outcome<f64> {
        let answer = self.ask(&format!("RUN {texts} {tokens} 1"))?;
        let milliseconds = answer.split_whitespace().next().map(str::parse);
        Ok(milliseconds.ok_or_else(|| format!("no milliseconds in {answer:?}"))??)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends by itself where its input does; this is for one that does not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
