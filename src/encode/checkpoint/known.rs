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
    // nomic-ai/modernbert-embed-base.
    Known {
        name: &["modernbert-embed"],
        query: "search_query: ",
        document: "search_document: ",
        item: "clustering: ",
        prefixes: &[256, 768],
    },
    // Snowflake/snowflake-arctic-embed-*: prompts for queries; the later versions were trained for a prefix.
    Known { name: &["arctic-embed", "-v2.0"], query: "query: ", document: "", item: "", prefixes: &[256] },
    Known {
        name: &["arctic-embed", "-v1.5"],
        query: "Represent this sentence for searching relevant passages: ",
        document: "",
        item: "",
        prefixes: &[256],
    },
    Known {
        name: &["arctic-embed"],
        query: "Represent this sentence for searching relevant passages: ",
        document: "",
        item: "",
        prefixes: &[],
    },
    // sentence-transformers/static-retrieval-mrl-en-v1, static-similarity-mrl-multilingual-v1: no prompts.
    Known { name: &["static-", "-mrl-"], query: "", document: "", item: "", prefixes: &[32, 64, 128, 256, 512, 1024] },
    // mixedbread-ai/mxbai-embed-large-v1; its other models have other prompts.
    Known {
        name: &["mxbai-embed-large"],
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::directory::Directory;
    use super::{KNOWN, of};

    /// The query's prompt and the prefixes, by a name as a hub writes it.
    fn known(name: &str) -> (&'static str, &'static [usize]) {
        of(name).map_or(("unknown", &[]), |known| (known.query, known.prefixes))
    }

    #[test]
    fn models_are_found_by_their_names() {
        let bge = "Represent this sentence for searching relevant passages: ";
        for (name, query, prefixes) in [
            ("intfloat/e5-small-v2", "query: ", &[] as &[usize]),
            ("intfloat/multilingual-e5-large", "query: ", &[]),
            ("intfloat/multilingual-e5-large-instruct", "", &[]),
            ("BAAI/bge-small-en-v1.5", bge, &[]),
            ("BAAI/bge-m3", "unknown", &[]),
            ("nomic-ai/nomic-embed-text-v1", "search_query: ", &[]),
            ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", &[64, 128, 256, 512, 768]),
            ("nomic-ai/modernbert-embed-base", "search_query: ", &[256, 768]),
            ("mixedbread-ai/mxbai-embed-large-v1", bge, &[64, 128, 256, 512]),
            ("mixedbread-ai/deepset-mxbai-embed-de-large-v1", "unknown", &[]),
            ("Snowflake/snowflake-arctic-embed-m", bge, &[]),
            ("Snowflake/snowflake-arctic-embed-m-v1.5", bge, &[256]),
            ("Snowflake/snowflake-arctic-embed-l-v2.0", "query: ", &[256]),
            ("Alibaba-NLP/gte-modernbert-base", "", &[]),
            ("sentence-transformers/static-retrieval-mrl-en-v1", "", &[32, 64, 128, 256, 512, 1024]),
            ("minishlab/potion-base-8M", "unknown", &[]),
            ("sentence-transformers/all-MiniLM-L6-v2", "unknown", &[]),
            ("google/embeddinggemma-300m", "task: search result | query: ", &[128, 256, 512, 768]),
        ] {
            assert_eq!(known(name), (query, prefixes), "{name}");
        }
        assert!(known("Qwen/Qwen3-Embedding-0.6B").0.starts_with("Instruct: "));
    }

    #[test]
    fn a_hub_cache_and_a_clone_name_a_model_alike() {
        let root = tempfile::tempdir().unwrap();
        let snapshot = "hub/models--nomic-ai--nomic-embed-text-v1.5/snapshots/e5cf08aadaa33385f5990def41f7a23405aec398";
        for (path, name) in [
            (snapshot, "nomic-ai/nomic-embed-text-v1.5"),
            ("models/Nomic-Embed-Text-v1.5", "Nomic-Embed-Text-v1.5"),
            ("nomic-embed-text-v1.5", "nomic-embed-text-v1.5"),
        ] {
            std::fs::create_dir_all(root.path().join(path)).unwrap();
            let directory = Directory::open(&root.path().join(path)).unwrap();
            assert_eq!(directory.name(), name);
            assert_eq!(known(&directory.name()).0, "search_query: ", "{path}");
        }
    }

    #[test]
    fn a_directory_has_one_name_however_its_path_is_spelled() {
        let root = tempfile::tempdir().unwrap();
        let model = root.path().join("multilingual-e5-small");
        std::fs::create_dir_all(model.join("1_Pooling")).unwrap();
        let plain = Directory::open(&model).unwrap();
        for spelling in ["1_Pooling/..", ".", "../multilingual-e5-small/."] {
            let directory = Directory::open(&model.join(spelling)).unwrap();
            assert_eq!((directory.name(), directory.location()), (plain.name(), plain.location()), "{spelling}");
        }
        assert_eq!(known(&plain.name()).0, "query: ");
    }

    #[test]
    fn what_is_known_is_in_order() {
        for known in KNOWN {
            assert!(known.prefixes.is_sorted() && known.name.iter().all(|piece| *piece == piece.to_lowercase()));
        }
    }
}
