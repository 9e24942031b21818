//! Where values come from: flags, the environment, `.env`, `bellgate.toml`.
//!
//! Texts in, nothing is opened here: [`files`](super::files) reads the two files.

use std::sync::Arc;

use super::dotenv::DotEnv;
use super::files::Files;
use super::report::{Fatal, Place, Source, Warning};
use super::tables::Member;
use super::toml_file;

/// Where values come from, strongest first: flags, environment, `.env`, `bellgate.toml`.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    flags: Vec<Entry>,
    environment: Vec<Entry>,
    dotenv: Option<(Arc<str>, DotEnv)>,
    toml: Vec<Entry>,
    pub(super) members: Vec<Member>,
    pub(super) warnings: Vec<Warning>,
    pub(super) fatal: Vec<Fatal>,
}

/// One text of a source.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The name, as in the environment.
    pub(super) name: String,
    /// The text; empty counts as unset.
    pub(super) text: Result<String, Misfit>,
    /// Where, if it stands in a file.
    pub(super) place: Option<Place>,
}

/// What was written where no text can be made of it.
#[derive(Debug, Clone)]
pub(super) struct Misfit {
    /// What to show of it.
    pub(super) shown: String,
    /// Why, as a fragment.
    pub(super) reason: String,
}

/// One source.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) source: Source,
    pub(super) entries: Vec<Entry>,
}

impl Sources {
    /// No source: the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the flags of the command line, under the names of the environment.
    #[must_use]
    pub fn with_flags<N: Into<String>, T: Into<String>>(
        mut self,
        entries: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        self.flags.extend(plain(entries));
        self
    }

    /// Adds the environment; [`environment`](super::environment) reads that of this process.
    #[must_use]
    pub fn with_environment<N: Into<String>, T: Into<String>>(
        mut self,
        entries: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        self.environment.extend(plain(entries));
        self
    }

    /// Adds the text of a `.env`, which `file` names in what is said about it.
    #[must_use]
    pub fn with_dotenv(mut self, file: &str, text: &str) -> Self {
        let file: Arc<str> = Arc::from(file);
        let read = DotEnv::read(text);
        let unreadable = read.unreadable.iter().map(|line| Warning::Unreadable {
            place: Place {
                file: Arc::clone(&file),
                line: *line,
            },
        });
        self.warnings.extend(unreadable);
        self.dotenv = Some((file, read));
        self
    }

    /// Adds the text of a `bellgate.toml`, which `file` names in what is said about it. A text
    /// that is no TOML stops the start.
    #[must_use]
    pub fn with_toml(mut self, file: &str, text: &str) -> Self {
        match toml_file::read(file, text) {
            Ok(read) => {
                self.toml = read.entries;
                self.members.extend(read.members);
                self.warnings.extend(read.warnings);
            }
            Err(fault) => self.fatal.push(fault),
        }
        self
    }

    /// Adds what [`Files::read`] found; a file that could not be read stops the start.
    #[must_use]
    pub fn with_files(mut self, files: Files) -> Self {
        self.fatal.extend(files.faults);
        if let Some((file, text)) = files.dotenv {
            self = self.with_dotenv(&file, &text);
        }
        if let Some((file, text)) = files.toml {
            self = self.with_toml(&file, &text);
        }
        self
    }

    /// The sources, strongest first.
    pub(super) fn layers(&self) -> Vec<Layer> {
        let layer = |source, entries: &[Entry]| Layer {
            source,
            entries: entries.to_vec(),
        };
        vec![
            layer(Source::Flag, &self.flags),
            layer(Source::Environment, &self.environment),
            layer(Source::DotEnv, &self.dotenv_entries()),
            layer(Source::Toml, &self.toml),
        ]
    }

    fn dotenv_entries(&self) -> Vec<Entry> {
        let Some((file, read)) = &self.dotenv else {
            return Vec::new();
        };
        let outside = |name: &str| {
            let mut entries = self.environment.iter().rev();
            let found = entries.find(|entry| entry.name == name)?;
            found.text.clone().ok()
        };
        let texts = read.expanded(outside);
        let entries = read.bindings.iter().zip(texts);
        entries
            .map(|(binding, text)| Entry {
                name: binding.name.clone(),
                text: text.ok_or_else(|| Misfit {
                    shown: "${…}".to_owned(),
                    reason: "stands for more text than is read".to_owned(),
                }),
                place: Some(Place {
                    file: Arc::clone(file),
                    line: binding.line,
                }),
            })
            .collect()
    }
}

fn plain<N: Into<String>, T: Into<String>>(
    entries: impl IntoIterator<Item = (N, T)>,
) -> impl Iterator<Item = Entry> {
    entries.into_iter().map(|(name, text)| Entry {
        name: name.into(),
        text: Ok(text.into()),
        place: None,
    })
}
