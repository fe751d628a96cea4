//! GGUF files, as llama.cpp writes them: where each tensor lies and under which name the same model keeps it elsewhere.
//!
//! Only the header is read, from the map: counts and lengths are held to the bytes that are there before anything is made
//! of them, and lists of tokens are passed over.

use super::directory::Directory;
use super::problem::ModelProblem;
use super::stored::Format;
use candle_core::DType;
use candle_core::quantized::GgmlDType;
use std::ops::Range;

const MAGIC: &[u8; 4] = b"GGUF";
/// Where tensors start, unless the header says otherwise, is a multiple of this.
const ALIGNMENT: u64 = 32;
/// Lists within lists: nobody writes more than two.
const DEPTH: usize = 4;
const DIMENSIONS: u32 = 4;
/// What has to lie beside a GGUF file.
const COMPANIONS: [&str; 2] = ["config.json", "tokenizer.json"];

/// A tensor of a GGUF file.
pub(super) struct Entry {
    /// Its name in safetensors files of the same model.
    pub(super) name: String,
    pub(super) format: Format,
    /// Its dimensions, the slowest first.
    pub(super) shape: Vec<usize>,
    /// Its bytes in the file.
    pub(super) range: Range<usize>,
}

/// What the header says.
pub(super) struct Header {
    /// The tensors that the model needs.
    pub(super) tensors: Vec<Entry>,
    /// Whether norms are stored with the one that Gemma's own files leave out.
    pub(super) whole_norms: bool,
}

/// Refuses a directory with a GGUF file and nothing beside it.
pub(super) fn accompanied(directory: &Directory) -> Result<(), ModelProblem> {
    match COMPANIONS.into_iter().find(|file| !directory.holds(file)) {
        Some(file) if !files(directory)?.is_empty() => Err(ModelProblem::Missing {
            file: file.to_owned(),
            remedy: "a .gguf file brings weights only: put config.json, tokenizer.json and, where it has them, the sentence-transformers files of the model it was made from beside it",
        }),
        _ => Ok(()),
    }
}

/// Whether the name of a file is one of a GGUF file.
pub(super) fn is_one(file: &str) -> bool {
    file.to_ascii_lowercase().ends_with(".gguf")
}

/// The GGUF files of a directory.
fn files(directory: &Directory) -> Result<Vec<String>, ModelProblem> {
    Ok(directory.files()?.into_iter().filter(|file| is_one(file)).collect())
}

/// The GGUF file of a directory, if there is one.
pub(super) fn file(directory: &Directory) -> Result<Option<String>, ModelProblem> {
    let mut files = files(directory)?;
    if files.len() > 1 {
        return Err(ModelProblem::Unsupported {
            what: "set of weights",
            found: files.join(", "),
            supported: "one .gguf file a directory, in one piece; of several, name one in place of the directory"
                .to_owned(),
        });
    }
    Ok(files.pop())
}

/// Reads the header of a file.
pub(super) fn header(file: &str, bytes: &[u8]) -> Result<Header, ModelProblem> {
    let damaged = |why: String| ModelProblem::Damaged { file: file.to_owned(), why };
    let unsupported = |what, found: String, supported: &str| {
        Err(ModelProblem::Unsupported { what, found, supported: supported.to_owned() })
    };
    let mut reader = Reader { bytes, at: 0 };
    let short = || damaged(format!("its header does not end within its {} bytes", bytes.len()));
    if reader.take(MAGIC.len()) != Some(MAGIC) {
        return Err(damaged("it does not begin as a GGUF file".to_owned()));
    }
    let version = reader.u32().ok_or_else(short)?;
    if !(2..=3).contains(&version) {
        return unsupported("GGUF version", version.to_string(), "2 and 3, little-endian");
    }
    let (count, settings) = reader.u64().zip(reader.u64()).ok_or_else(short)?;
    let Settings { architecture, alignment } = reader.settings(settings).ok_or_else(short)?;
    let Some(names) = Names::of(&architecture) else {
        return unsupported("GGUF architecture", architecture, "qwen3, gemma3, gemma-embedding");
    };
    let mut infos = Vec::new();
    for _ in 0..count {
        infos.push(reader.info().ok_or_else(short)?);
    }
    let start = (reader.at as u64).checked_next_multiple_of(alignment);
    let start = start.ok_or_else(|| damaged(format!("tensors are said to be aligned to {alignment} bytes")))?;
    let mut tensors = Vec::new();
    for Info { name, shape, kind, offset } in infos {
        let Some(canonical) = names.canonical(&name) else { continue };
        let Some(format) = format_of(kind) else {
            let found = format!("{kind} of {name}");
            return unsupported("GGUF tensor type", found, "F32, F16, BF16, Q4_0 to Q8_0, Q2_K to Q6_K");
        };
        let range = format.size(&shape).and_then(|size| place(start, offset, size, bytes.len()));
        let range = range.ok_or_else(|| {
            damaged(format!("tensor {name:?} of shape {shape:?} does not lie within its {} bytes", bytes.len()))
        })?;
        tensors.push(Entry { name: canonical, format, shape, range });
    }
    Ok(Header { tensors, whole_norms: names.gemma })
}

/// Where so many bytes at an offset lie, if the file holds them.
fn place(start: u64, offset: u64, size: usize, length: usize) -> Option<Range<usize>> {
    let from = usize::try_from(start.checked_add(offset)?).ok()?;
    let to = from.checked_add(size)?;
    (to <= length).then_some(from..to)
}

fn format_of(kind: u32) -> Option<Format> {
    Some(match kind {
        0 => Format::Plain(DType::F32),
        1 => Format::Plain(DType::F16),
        30 => Format::Plain(DType::BF16),
        2 => Format::Blocks(GgmlDType::Q4_0),
        3 => Format::Blocks(GgmlDType::Q4_1),
        6 => Format::Blocks(GgmlDType::Q5_0),
        7 => Format::Blocks(GgmlDType::Q5_1),
        8 => Format::Blocks(GgmlDType::Q8_0),
        10 => Format::Blocks(GgmlDType::Q2K),
        11 => Format::Blocks(GgmlDType::Q3K),
        12 => Format::Blocks(GgmlDType::Q4K),
        13 => Format::Blocks(GgmlDType::Q5K),
        14 => Format::Blocks(GgmlDType::Q6K),
        _ => return None,
    })
}

/// How an architecture's tensors are called.
struct Names {
    gemma: bool,
}

impl Names {
    fn of(architecture: &str) -> Option<Self> {
        match architecture {
            "qwen3" => Some(Self { gemma: false }),
            "gemma3" | "gemma-embedding" => Some(Self { gemma: true }),
            _ => None,
        }
    }

    /// The name in safetensors files; none for what an embedder does not need, such as the head of a language model.
    fn canonical(&self, name: &str) -> Option<String> {
        match name {
            "token_embd.weight" => return Some("embed_tokens.weight".to_owned()),
            "output_norm.weight" => return Some("norm.weight".to_owned()),
            _ => {}
        }
        let (layer, part) = name.strip_prefix("blk.")?.split_once('.')?;
        let (part, kind) = part.rsplit_once('.')?;
        let own = match part {
            "attn_norm" => "input_layernorm",
            "attn_q" => "self_attn.q_proj",
            "attn_k" => "self_attn.k_proj",
            "attn_v" => "self_attn.v_proj",
            "attn_output" => "self_attn.o_proj",
            "attn_q_norm" => "self_attn.q_norm",
            "attn_k_norm" => "self_attn.k_norm",
            "post_attention_norm" => "post_attention_layernorm",
            "ffn_norm" if self.gemma => "pre_feedforward_layernorm",
            "ffn_norm" => "post_attention_layernorm",
            "post_ffw_norm" => "post_feedforward_layernorm",
            "ffn_gate" => "mlp.gate_proj",
            "ffn_up" => "mlp.up_proj",
            "ffn_down" => "mlp.down_proj",
            _ => return None,
        };
        Some(format!("layers.{layer}.{own}.{kind}"))
    }
}

/// What is wanted of the settings in a header.
struct Settings {
    architecture: String,
    alignment: u64,
}

struct Info {
    name: String,
    shape: Vec<usize>,
    kind: u32,
    offset: u64,
}

/// Reads from the front; nothing where bytes are missing.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.u64()?).ok()?;
        self.take(length).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    fn settings(&mut self, count: u64) -> Option<Settings> {
        let mut found = Settings { architecture: String::new(), alignment: ALIGNMENT };
        for _ in 0..count {
            let key = self.text()?;
            match (key.as_str(), self.u32()?) {
                ("general.architecture", 8) => found.architecture = self.text()?,
                ("general.alignment", 4) => found.alignment = u64::from(self.u32()?),
                (_, kind) => self.skip(kind, 0)?,
            }
        }
        Some(found)
    }

    /// Passes over a value.
    fn skip(&mut self, kind: u32, depth: usize) -> Option<()> {
        let width = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 => usize::try_from(self.u64()?).ok()?,
            9 if depth < DEPTH => {
                let (kind, count) = (self.u32()?, self.u64()?);
                for _ in 0..count {
                    self.skip(kind, depth + 1)?;
                }
                return Some(());
            }
            _ => return None,
        };
        self.take(width).map(|_| ())
    }

    fn info(&mut self) -> Option<Info> {
        let name = self.text()?;
        let dimensions = self.u32().filter(|count| *count <= DIMENSIONS)?;
        let shape = (0..dimensions).map(|_| self.u64().and_then(|side| usize::try_from(side).ok()));
        let mut shape = shape.collect::<Option<Vec<usize>>>()?;
        // The fastest dimension comes first.
        shape.reverse();
        Some(Info { name, shape, kind: self.u32()?, offset: self.u64()? })
    }
}
