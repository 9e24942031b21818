//! From sources to settings: for each row the strongest source that has it, then its default.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bellgate_gate::NoticeKind;

use super::report::{Fatal, Source, Warning};
use super::table::{Kind, OWN_PREFIXES, Setting, settings};
use super::value::{Parsed, Value, Values, parse};
use super::{Settings, tls, unknown};

/// Where values come from, strongest first.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    layers: Vec<Layer>,
}

/// One source: names as in the environment, and texts.
#[derive(Debug, Clone)]
struct Layer {
    source: Source,
    entries: Vec<(String, String)>,
}

impl Sources {
    /// No source: the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the flags of the command line, under the names of the environment.
    #[must_use]
    pub fn with_flags<N: Into<String>, T: Into<String>>(
        self,
        entries: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        self.with(Source::Flag, entries)
    }

    /// Adds the environment; [`environment`](super::environment) reads that of this process.
    #[must_use]
    pub fn with_environment<N: Into<String>, T: Into<String>>(
        self,
        entries: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        self.with(Source::Environment, entries)
    }

    fn with<N: Into<String>, T: Into<String>>(
        mut self,
        source: Source,
        entries: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        let entries = entries
            .into_iter()
            .map(|(name, text)| (name.into(), text.into()))
            .collect();
        self.layers.push(Layer { source, entries });
        self.layers.sort_by_key(|layer| layer.source);
        self
    }
}

/// What the sources came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Each row's value with its source, in the order of the table.
    pub effective: Vec<Effective>,
    /// What the operator should know; none of it stops the start by itself.
    pub warnings: Vec<Warning>,
    /// Why the start must not go on.
    pub fatal: Vec<Fatal>,
}

impl Loaded {
    /// Whether the start must not go on. `strict` adds every warning that means a value was not
    /// used as it was written.
    pub fn must_stop(&self, strict: bool) -> bool {
        !self.fatal.is_empty() || (strict && self.warnings.iter().any(Warning::counts_when_strict))
    }

    /// The origins that the policy admits by name.
    pub fn admitted_origins(&self) -> Vec<String> {
        let (policy, _) = self.settings.origin_policy();
        policy.admitted().iter().map(ToString::to_string).collect()
    }

    /// Where the value of the row `name` comes from.
    pub fn source(&self, name: &str) -> Source {
        self.effective
            .iter()
            .find(|effective| effective.setting.name == name)
            .map_or(Source::Default, |effective| effective.source)
    }
}

/// A row's value and where it comes from.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The row.
    pub setting: &'static Setting,
    /// The value that holds.
    pub value: Value,
    /// Where it was found.
    pub source: Source,
    /// Under which name it was found, if that is not the row's own.
    pub written_as: Option<String>,
}

pub(super) fn load(sources: &Sources) -> Loaded {
    let mut warnings = Vec::new();
    let mut fatal = Vec::new();
    let effective: Vec<_> = settings()
        .map(|row| resolve(row, sources, &mut warnings, &mut fatal))
        .collect();
    for layer in &sources.layers {
        warnings.extend(unknown::warnings(&layer.entries));
    }
    let mut values = Values::default();
    for row in effective.iter().filter(|row| row.setting.works) {
        let is_written = row.source != Source::Default;
        values.insert(row.setting.name, row.value.clone(), is_written);
    }
    let settings = Settings::take(&mut values);
    fatal.extend(tls::faults(&effective));
    let (_, proxies) = settings.trusted_proxies();
    let (_, origins) = settings.origin_policy();
    for notice in proxies.into_iter().chain(origins) {
        match notice.kind {
            NoticeKind::Fatal => fatal.push(Fatal::Notice(notice)),
            _ => warnings.push(Warning::Notice(notice)),
        }
    }
    Loaded {
        settings,
        effective,
        warnings,
        fatal,
    }
}

/// A text that a source has for a row.
struct Found<'a> {
    source: Source,
    name: String,
    text: &'a str,
    rank: Rank,
}

/// Which of a row's names a text was found under; within one source the smallest wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Name,
    File,
    Also,
    Alias,
}

fn resolve(
    row: &'static Setting,
    sources: &Sources,
    warnings: &mut Vec<Warning>,
    fatal: &mut Vec<Fatal>,
) -> Effective {
    let mut found = candidates(row, sources).into_iter();
    let Some(best) = found.next() else {
        return from_table(row, row.default);
    };
    // A weaker source is there to be overruled; a second name of the same setting is a slip.
    for other in found.filter(|other| matches!(other.rank, Rank::Alias | Rank::File)) {
        warnings.push(Warning::Shadowed {
            name: other.name,
            by: best.name.clone(),
        });
    }
    if best.rank == Rank::Alias {
        warnings.push(Warning::Deprecated {
            alias: best.name.clone(),
            name: row.name,
        });
    }
    let from_file;
    let text = if best.rank == Rank::File {
        match read_secret(Path::new(best.text)) {
            Ok(text) => from_file = text,
            Err(reason) => {
                fatal.push(Fatal::SecretFile {
                    name: best.name,
                    path: best.text.to_owned(),
                    reason,
                });
                return from_table(row, row.default);
            }
        }
        from_file.as_str()
    } else {
        best.text
    };
    if !row.works && OWN_PREFIXES.iter().any(|own| best.name.starts_with(own)) {
        let name = best.name.clone();
        warnings.push(Warning::NoEffect { name });
    }
    judge(row, &best, text, warnings, fatal)
}

fn candidates<'a>(row: &Setting, sources: &'a Sources) -> Vec<Found<'a>> {
    let mut names = vec![(row.name.to_owned(), Rank::Name)];
    names.extend(row.file_name().map(|name| (name, Rank::File)));
    names.extend(row.also.iter().map(|name| ((*name).to_owned(), Rank::Also)));
    names.extend(
        row.aliases
            .iter()
            .map(|name| ((*name).to_owned(), Rank::Alias)),
    );
    let mut found: Vec<Found<'a>> = Vec::new();
    for layer in &sources.layers {
        for (name, rank) in &names {
            let mut entries = layer.entries.iter().rev();
            if let Some((_, text)) = entries.find(|(n, t)| n == name && !t.is_empty()) {
                found.push(Found {
                    source: layer.source,
                    name: name.clone(),
                    text,
                    rank: *rank,
                });
            }
        }
    }
    found
}

fn judge(
    row: &'static Setting,
    found: &Found<'_>,
    text: &str,
    warnings: &mut Vec<Warning>,
    fatal: &mut Vec<Fatal>,
) -> Effective {
    let (value, dropped, reason) = match parse(row.kind, text) {
        Ok(Parsed { value, dropped }) => (Some(value), dropped, None),
        Err((reason, dropped)) => (None, dropped, Some(reason)),
    };
    warnings.extend(dropped.into_iter().map(|dropped| Warning::Dropped {
        name: found.name.clone(),
        entry: dropped.entry,
        reason: dropped.reason,
    }));
    if let Some(reason) = reason {
        let name = found.name.clone();
        if matches!(row.kind, Kind::Url { or_stop: true, .. }) {
            fatal.push(Fatal::Url { name, reason });
        } else {
            warnings.push(Warning::Invalid {
                name,
                value: shown(row, text),
                reason,
                used: row.when_invalid.unwrap_or(row.default),
            });
        }
    }
    let Some(value) = value else {
        return from_table(row, row.when_invalid.unwrap_or(row.default));
    };
    Effective {
        setting: row,
        value,
        source: found.source,
        written_as: (found.rank != Rank::Name).then(|| found.name.clone()),
    }
}

#[expect(
    clippy::panic,
    reason = "a default that its own row refuses is a slip in the table, which a test sees"
)]
fn from_table(row: &'static Setting, text: &str) -> Effective {
    let value = match parse(row.kind, text) {
        Ok(parsed) => parsed.value,
        Err((reason, _)) => panic!("the default of {} {reason}", row.name),
    };
    Effective {
        setting: row,
        value,
        source: Source::Default,
        written_as: None,
    }
}

/// A value for a warning: escaped, cut, and hidden where it may be a secret.
fn shown(row: &Setting, text: &str) -> String {
    const MAX: usize = 80;
    if row.file_name().is_some() {
        return super::value::HIDDEN.to_owned();
    }
    let mut shown: String = text
        .chars()
        .take(MAX)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Largest file that is read as a secret.
const SECRET_BYTES: u64 = 64 * 1024;

fn read_secret(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(SECRET_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > SECRET_BYTES {
        return Err("it is larger than 64 KiB".to_owned());
    }
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(text.to_owned())
}
