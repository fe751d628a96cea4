//! Which language words are read in.

use frostem::{Algorithm, Stemmer};

macro_rules! languages {
    ($($name:ident = $word:literal,)*) => {
        /// The language that the words of an index are read in: decides which endings are cut off, so that a search for
        /// `connected` finds `connections`. Words are found in any script whatever it is; Chinese, Japanese, Korean, Thai,
        /// Lao, Khmer and Burmese text is cut into pairs of letters in all of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[non_exhaustive]
        pub enum Language {
            /// English: endings cut off (Porter 2), words such as `the` left out of queries.
            #[default]
            English,
            /// None, or several: words as they are, apart from case and accents.
            Neutral,
            $(
                #[doc = concat!("Endings cut off by the Snowball stemmer for ", $word, ".")]
                $name,
            )*
        }

        impl Language {
            /// Every language.
            pub const ALL: &'static [Self] = &[Self::English, Self::Neutral, $(Self::$name,)*];

            /// Its name in lower case, as an index records it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::English => "english",
                    Self::Neutral => "neutral",
                    $(Self::$name => $word,)*
                }
            }

            /// What cuts its endings off.
            pub(super) fn stemmer(self) -> Option<Stemmer> {
                match self {
                    Self::English => Some(Stemmer::new(Algorithm::English)),
                    Self::Neutral => None,
                    $(Self::$name => Some(Stemmer::new(Algorithm::$name)),)*
                }
            }
        }
    };
}

languages! {
    Arabic = "arabic",
    Armenian = "armenian",
    Basque = "basque",
    Catalan = "catalan",
    Czech = "czech",
    Danish = "danish",
    Dutch = "dutch",
    Esperanto = "esperanto",
    Estonian = "estonian",
    Finnish = "finnish",
    French = "french",
    German = "german",
    Greek = "greek",
    Hindi = "hindi",
    Hungarian = "hungarian",
    Indonesian = "indonesian",
    Irish = "irish",
    Italian = "italian",
    Lithuanian = "lithuanian",
    Nepali = "nepali",
    Norwegian = "norwegian",
    Persian = "persian",
    Polish = "polish",
    Portuguese = "portuguese",
    Romanian = "romanian",
    Russian = "russian",
    Serbian = "serbian",
    Sesotho = "sesotho",
    Spanish = "spanish",
    Swedish = "swedish",
    Tamil = "tamil",
    Turkish = "turkish",
    Ukrainian = "ukrainian",
    Yiddish = "yiddish",
}

impl Language {
    /// The language with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|language| language.name() == name)
    }

    /// Whether an apostrophe between letters is inside a word: elsewhere it stands between two.
    pub(super) const fn joins_apostrophes(self) -> bool {
        matches!(self, Self::English | Self::Ukrainian)
    }

    /// Whether accents go before the endings do. Stemmers of other languages tell letters apart by them.
    pub(super) const fn folds_first(self) -> bool {
        matches!(self, Self::English)
    }
}
