//! How fast an encoder from a model directory is, on batches of texts of an exact number of tokens, alone or beside another that is
//! asked in turns; and how fast the built-in encoder sees.

use crate::Outcome;
use crate::process::median;
use clap::Args;
use cpu_time::ProcessTime;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use uninote::encode::builtin::Builtin;
use uninote::encode::{Encoder as _, Input, Part, Role, SharedEncoder, from_dir};
use uninote::note::{PictureLimits, Pixels, picture};

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
    /// A program to ask in turns, such as benches/compare/peers/onnx_encoder.py, which says what it is asked and answers
    #[arg(long, num_args = 1.., allow_hyphen_values = true)]
    beside: Vec<String>,
    /// Ask the built-in encoder in turns
    #[arg(long, conflicts_with = "beside")]
    builtin: bool,
}

#[derive(Args)]
pub(crate) struct SightArguments {
    /// Pictures
    #[arg(required = true)]
    pictures: Vec<PathBuf>,
}

/// Prints the milliseconds of one thread that the built-in encoder takes for a picture, decoding left out, and for its start.
pub(crate) fn sight(arguments: &SightArguments) -> Outcome {
    let read =
        |path: &PathBuf| -> Outcome<Pixels> { Ok(picture::decode(&std::fs::read(path)?, &PictureLimits::default())?) };
    let pictures: Vec<Pixels> = arguments.pictures.iter().map(read).collect::<Outcome<_>>()?;
    let (encoder, pool) = (Builtin::shared(), rayon::ThreadPoolBuilder::new().num_threads(1).build()?);
    let see = |pixels: &Pixels| -> Result<f64, String> {
        let processor = ProcessTime::try_now().map_err(|error| error.to_string())?;
        let parts = [Part::Picture(pixels)];
        encoder.encode(Role::Document, &[Input { parts: &parts }]).map_err(|error| error.to_string())?;
        Ok(processor.try_elapsed().map_err(|error| error.to_string())?.as_secs_f64() * 1e3)
    };
    let first = pool.install(|| pictures.first().map(see).transpose())?.unwrap_or_default();
    let rest = pool.install(|| pictures.iter().chain(&pictures).map(see).collect::<Result<Vec<f64>, String>>())?;
    let times = rest.len();
    println!("first picture {first:.1} ms, then {:.1} ms a picture, median of {times}", median(rest));
    Ok(())
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
        let texts: Vec<String> = match &mut peer {
            Some(peer) => serde_json::from_value(peer.ask(&format!("TEXTS {texts} {tokens}"))?)?,
            None => (0..*texts).map(|text| text_of(text, *tokens)).collect(),
        };
        let inside: Option<SharedEncoder> = arguments.builtin.then(|| -> SharedEncoder { Builtin::shared() });
        let (mut own, mut others) = (Vec::new(), Vec::new());
        let timed = |encoder: &SharedEncoder| {
            pool.install(|| run(encoder, &texts, arguments.threads).map_err(|error| error.to_string()))
        };
        // The first pass warms up.
        for pass in 0..=arguments.passes {
            let (took, sum) = timed(&encoder)?;
            let other = peer.as_mut().map(|peer| peer.run(texts.len(), *tokens, arguments.threads)).transpose()?;
            if let Some((_, other)) = other.filter(|(_, other)| (other - sum).abs() > 1e-4) {
                return Err(format!("vectors differ: their checksum is {sum}, the other's {other}").into());
            }
            let inside = inside.as_ref().map(timed).transpose()?;
            if pass > 0 {
                own.push(took);
                others.extend(other.or(inside).map(|(took, _)| took));
            }
        }
        let ratios: Vec<f64> = others.iter().zip(&own).map(|(other, own)| other / own).collect();
        print!("{} x {tokens} tokens: {:.3} ms", texts.len(), median(own));
        match others.is_empty() {
            true => println!(),
            false => println!(", beside {:.3} ms: {:.2} times as fast", median(others), median(ratios)),
        }
    }
    Ok(())
}

/// A text of so many tokens, two of which the tokenizer adds.
fn text_of(number: usize, tokens: usize) -> String {
    let words: Vec<&str> = WORDS.iter().cycle().skip(number).take(tokens.saturating_sub(2)).copied().collect();
    words.join(" ")
}

/// Milliseconds of one batch, and a checksum of its vectors.
fn run(encoder: &SharedEncoder, texts: &[String], threads: usize) -> Outcome<(f64, f64)> {
    let parts: Vec<Part<'_>> = texts.iter().map(|text| Part::Text(text)).collect();
    let inputs: Vec<Input<'_>> = parts.iter().map(|part| Input { parts: std::slice::from_ref(part) }).collect();
    let (clock, processor) = (Instant::now(), ProcessTime::try_now()?);
    let vectors = encoder.encode(Role::Document, &inputs)?;
    let took = if threads == 1 { processor.try_elapsed()? } else { clock.elapsed() };
    let weighed = |row: &[f32]| {
        let products = row.iter().enumerate().map(|(at, value)| f64::from(*value) * (at + 1) as f64);
        products.sum::<f64>() / row.len() as f64
    };
    let sum = vectors.iter().map(weighed).sum::<f64>() / vectors.len() as f64;
    Ok((took.as_secs_f64() * 1e3, sum))
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

    /// One line to it, one line of JSON back.
    fn ask(&mut self, line: &str) -> Outcome<Value> {
        writeln!(self.to, "{line}")?;
        self.to.flush()?;
        let mut answer = String::new();
        if self.from.read_line(&mut answer)? == 0 {
            return Err(format!("the other program ended at {line:?}").into());
        }
        let mut answer: Value = serde_json::from_str(&answer)?;
        match answer.get_mut("Ok").map(Value::take) {
            Some(answer) => Ok(answer),
            None => Err(format!("the other program, at {line:?}: {answer}").into()),
        }
    }

    fn run(&mut self, texts: usize, tokens: usize, threads: usize) -> Outcome<(f64, f64)> {
        let answer = self.ask(&format!("RUN {texts} {tokens} 1"))?;
        let number =
            |name: &str| answer.get(name).and_then(Value::as_f64).ok_or_else(|| format!("no {name}: {answer}"));
        Ok((number(if threads == 1 { "cpu_ms" } else { "ms" })?, number("checksum")?))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends by itself where its input does; this is for one that does not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
