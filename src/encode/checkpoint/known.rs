//! What the authors of well-known models say on their model cards and in none of their files: prompts and trained prefixes.
//!
//! Found by name, which a hub's cache and an ordinary clone both keep. A directory under another name gets what its files say.

use crate::encode::Prompts;

/// A model, or a line of models, by a part of its name.
pub(super) struct Known {
    /// Lower-case pieces that the name must all contain.
    name: &'static [&'static str],
    query: &'static str,
    document: &'static str,
    item: &'static str,
    prefixes: &'static [usize],
}

/// In order: the first that fits counts. The sources are the models' own cards.
const KNOWN: &[Known] = &[
    // intfloat/*: "query: " and "passage: ", also for tasks that are neither; the instruct models carry prompts in files.
    Known { name: &["e5-", "instruct"], query: "", document: "", item: "", prefixes: &[] },
    Known { name: &["e5-"], query: "query: ", document: "passage: ", item: "query: ", prefixes: &[] },
    // BAAI/bge-*-en-v1.5: an instruction before short queries, none before passages.
    Known {
        name: &["bge-", "-en"],
        query: "Represent this sentence for searching relevant passages: ",
        document: "",
        item: "",
        prefixes: &[],
    },
    Known {
        name: &["bge-", "-zh"],
        query: "\u{4e3a}\u{8fd9}\u{4e2a}\u{53e5}\u{5b50}\u{751f}\u{6210}\u{8868}\u{793a}\u{4ee5}\u{7528}\u{4e8e}\u{68c0}\u{7d22}\u{76f8}\u{5173}\u{6587}\u{7ae0}\u{ff1a}",
        document: "",
        item: "",
        prefixes: &[],
    },
    // nomic-ai/nomic-embed-text-*: task prefixes; v1.5 was trained for prefixes (Kusupati et al. 2022).
    Known {
        name: &["nomic-embed-text-v1.5"],
        query: "search_query: ",
        document: "search_document: ",
        item: "clustering: ",
        prefixes: &[64, 128, 256, 512, 768],
    },
    Known {
        name: &["nomic-embed-text"],
        query: "search_query: ",
        document: "search_document: ",
        item: "clustering: ",
        prefixes: &[],
    },
    // mixedbread-ai/mxbai-embed-large-v1.
    Known {
        name: &["mxbai-embed"],
        query: "Represent this sentence for searching relevant passages: ",
        document: "",
        item: "",
        prefixes: &[64, 128, 256, 512],
    },
    // Alibaba-NLP/gte-modernbert-base: no prompts.
    Known { name: &["gte-modernbert"], query: "", document: "", item: "", prefixes: &[] },
    // Qwen/Qwen3-Embedding-*: any width from 32 up.
    Known {
        name: &["qwen3-embedding"],
        query: "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
        document: "",
        item: "",
        prefixes: &[32, 64, 128, 256, 512, 768, 1024],
    },
    Known {
        name: &["qwen3-vl-embedding"],
        query: "Retrieve images or text relevant to the user's query.",
        document: "",
        item: "",
        prefixes: &[64, 128, 256, 512, 1024, 2048],
    },
    // google/embeddinggemma-300m.
    Known {
        name: &["embeddinggemma"],
        query: "task: search result | query: ",
        document: "title: none | text: ",
        item: "task: sentence similarity | query: ",
        prefixes: &[128, 256, 512, 768],
    },
];

/// What is known of a model by its name.
pub(super) fn of(name: &str) -> Option<&'static Known> {
    let name = name.to_lowercase();
    KNOWN.iter().find(|known| known.name.iter().all(|piece| name.contains(piece)))
}

impl Known {
    pub(super) fn prompts(&self) -> Prompts {
        Prompts { query: self.query.to_owned(), document: self.document.to_owned(), item: self.item.to_owned() }
    }

    pub(super) fn prefixes(&self) -> Vec<usize> {
        self.prefixes.to_vec()
    }
}
