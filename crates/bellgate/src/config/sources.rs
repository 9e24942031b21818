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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::config::{Loaded, Settings, render};

    fn told(loaded: &Loaded) -> Vec<String> {
        loaded.warnings.iter().map(Warning::to_string).collect()
    }

    #[test]
    fn each_source_overrules_the_weaker_ones_and_is_told_with_its_line() {
        let name = "SOCKETIO_PATH";
        let mut sources = Sources::new();
        let source = |sources: &Sources| {
            let loaded = Settings::load(sources);
            assert_eq!(loaded.warnings, []);
            let row = loaded.effective.iter().find(|row| row.setting.name == name);
            let row = row.unwrap();
            let place = row.place.as_ref().map(ToString::to_string);
            (loaded.settings.sessions.path.clone(), row.source, place)
        };
        let told = |path: &str, source, place: Option<&str>| {
            (path.to_owned(), source, place.map(str::to_owned))
        };
        assert_eq!(source(&sources), told("/socket.io/", Source::Default, None));
        sources = sources.with_toml("bellgate.toml", "\npath = '/toml/'");
        assert_eq!(
            source(&sources),
            told("/toml/", Source::Toml, Some("bellgate.toml:2"))
        );
        sources = sources.with_dotenv(".env", "DATABASE_URL=x y\n\nSOCKETIO_PATH=/dotenv/");
        assert_eq!(
            source(&sources),
            told("/dotenv/", Source::DotEnv, Some(".env:3"))
        );
        sources = sources.with_environment([(name, "/environment/")]);
        assert_eq!(
            source(&sources),
            told("/environment/", Source::Environment, None)
        );
        sources = sources.with_flags([(name, "/flag/")]);
        assert_eq!(source(&sources), told("/flag/", Source::Flag, None));
    }

    #[test]
    fn an_empty_text_leaves_the_word_to_the_weaker_source() {
        let sources = Sources::new()
            .with_environment([("SOCKETIO_PATH", "")])
            .with_dotenv(".env", "SOCKETIO_PATH=")
            .with_toml("bellgate.toml", "path = '/toml/'");
        assert_eq!(Settings::load(&sources).settings.sessions.path, "/toml/");
    }

    #[test]
    fn a_dotenv_may_use_the_environment_and_its_slips_are_told_with_their_lines() {
        let sources = Sources::new()
            .with_dotenv(
                ".env",
                "OTHERS=1\nSOCKETIO_PROT=1\nFLASK_HOST=${APP}.example\nnonsense here\nSOCKETIO_PORT=x\n",
            )
            .with_environment([("APP", "shop")]);
        let loaded = Settings::load(&sources);
        assert_eq!(loaded.settings.app.flask_host, "shop.example");
        assert_eq!(
            told(&loaded),
            [
                ".env:4 is no NAME=value; the line is left out",
                "SOCKETIO_PORT=x is no whole number from 0 to 65535; 5001 is used instead (.env:5)",
                "SOCKETIO_PROT is no setting; was SOCKETIO_PORT meant? (.env:2)",
            ]
        );
        assert!(loaded.must_stop(true) && !loaded.must_stop(false));
    }

    #[test]
    fn a_secret_may_come_by_file_from_any_source() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "shop:k1:emit").unwrap();
        let path = file.path().display();
        let dotenv = format!("BELLGATE_API_KEYS_FILE={path}");
        let toml = format!("api_keys_file = '{path}'");
        for sources in [
            Sources::new().with_dotenv(".env", &dotenv),
            Sources::new().with_toml("bellgate.toml", &toml),
        ] {
            let loaded = Settings::load(&sources);
            assert_eq!(loaded.settings.api.keys[0].key.expose(), "k1");
            assert_eq!(loaded.warnings, []);
        }
        let missing =
            Sources::new().with_toml("bellgate.toml", "\napi_keys_file = '/nowhere/keys'");
        let fault = Settings::load(&missing).fatal[0].to_string();
        assert!(
            fault.starts_with("BELLGATE_API_KEYS_FILE=/nowhere/keys cannot be read")
                && fault.ends_with("(bellgate.toml:2)"),
            "{fault}"
        );
    }

    #[test]
    fn no_source_shows_a_secret() {
        let sources = Sources::new()
            .with_dotenv(
                ".env",
                "BELLGATE_API_KEYS=a:t0ps3cret:fly\nBELLGATE_STORE_URL=amqp://t0ps3cret",
            )
            .with_toml(
                "bellgate.toml",
                "jwt_secret = 't0ps3cret'\nwebhook_secret = ['t0ps3cret']\nsecret_kez = 't0ps3cret'",
            );
        let loaded = Settings::load(&sources);
        assert_eq!(loaded.fatal.len(), 1);
        let shown = format!(
            "{loaded:?}{}{}{}{}",
            render::text(&loaded),
            render::json(&loaded),
            told(&loaded).concat(),
            loaded.fatal[0]
        );
        assert!(!shown.contains("t0ps3cret"), "{shown}");
    }

    /// Text of a file: what settings are made of, in any order, and anything else between.
    fn file() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "SOCKETIO_PORT",
            "BELLGATE_API_KEYS",
            "cors_origins",
            "port",
            "[namespace.\"/x\"]",
            "[category.a]",
            "auth",
            "roles",
            "=",
            " = ",
            "\n",
            "\r\n",
            "\"",
            "'",
            "\"\"\"",
            "'''",
            "[",
            "]",
            ", ",
            "{",
            "}",
            "#",
            "${",
            "}",
            "$",
            "\\",
            "\\n",
            "export ",
            "true",
            "1e9",
            "-1",
            "0x1f",
            "1979-05-27",
            "\0",
            "\u{feff}",
            ".",
        ];
        let piece = prop_oneof![
            "[a-z_]{1,12}",
            "[A-Z]{6,8}_[A-Z_]{1,12}",
            "\\PC{0,6}",
            prop::sample::select(PIECES).prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_of_a_file_comes_to_settings_and_is_told_in_lines(text in file()) {
            for sources in [
                Sources::new().with_dotenv(".env", &text),
                Sources::new().with_toml("bellgate.toml", &text),
            ] {
                let loaded = Settings::load(&sources);
                let printed = render::text(&loaded) + &render::json(&loaded);
                prop_assert!(!printed.is_empty());
                let told = loaded.warnings.iter().map(ToString::to_string);
                for line in told.chain(loaded.fatal.iter().map(ToString::to_string)) {
                    prop_assert!(!line.contains(char::is_control), "{line:?} is no line");
                }
            }
        }
    }
}
