//! From sources to settings: for each row the strongest source that has it, then its default.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use bellgate_gate::NoticeKind;

use super::changes::{Change, changes, member_changes};
use super::report::{Fatal, Place, Source, Warning};
use super::sources::{Layer, Misfit, Sources};
use super::table::{Kind, OWN_PREFIXES, Reload, Setting, settings};
use super::tables::{self, EffectiveMember, Tables};
use super::value::{Dropped, Parsed, Value, Values, parse};
use super::{Settings, tls, unknown};

/// What the sources came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Each row's value with its source, in the order of the table.
    pub effective: Vec<Effective>,
    /// What was set for namespaces and categories.
    pub members: Vec<EffectiveMember>,
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

    /// Why [`Loaded::must_stop`] says so, a sentence each.
    pub fn reasons_to_stop(&self, strict: bool) -> Vec<String> {
        let counted = self
            .warnings
            .iter()
            .filter(|warning| strict && warning.counts_when_strict());
        let fatal = self.fatal.iter().map(ToString::to_string);
        fatal.chain(counted.map(ToString::to_string)).collect()
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
    /// Where in a file.
    pub place: Option<Place>,
    /// Under which name it was found, if that is not the row's own.
    pub written_as: Option<String>,
}

pub(super) fn load(sources: &Sources) -> Loaded {
    read(sources).finish()
}

/// As [`load`], for a server that runs with `held`: rows that need a restart keep their values,
/// and what is unsafe beside those is a fault. The changes are those of all rows.
pub(super) fn reload(sources: &Sources, held: &Loaded) -> (Loaded, Vec<Change>) {
    let mut read = read(sources);
    let mut changes = changes(&held.effective, &read.effective);
    changes.extend(member_changes(&held.members, &read.members));
    for (new, old) in read.effective.iter_mut().zip(&held.effective) {
        if old.setting.reload == Reload::Restart {
            new.clone_from(old);
        }
    }
    (read.finish(), changes)
}

/// What the sources say, row by row.
struct Read {
    effective: Vec<Effective>,
    members: Vec<EffectiveMember>,
    tables: Tables,
    told: Told,
}

fn read(sources: &Sources) -> Read {
    let layers = sources.layers();
    let mut told = Told {
        warnings: sources.warnings.clone(),
        fatal: sources.fatal.clone(),
    };
    let effective: Vec<_> = settings()
        .map(|row| resolve(row, &layers, &mut told))
        .collect();
    for layer in &layers {
        // The keys of the other file are judged where they are read.
        if layer.source != Source::Toml {
            told.warnings.extend(unknown::warnings(&layer.entries));
        }
    }
    let (tables, members) = tables::load(sources, &layers, &mut told.warnings);
    Read {
        effective,
        members,
        tables,
        told,
    }
}

impl Read {
    /// The settings, and what is to be said about values that are judged together.
    fn finish(self) -> Loaded {
        let Self {
            effective,
            members,
            tables,
            told,
        } = self;
        let Told {
            mut warnings,
            mut fatal,
        } = told;
        let mut values = Values::default();
        for row in effective.iter().filter(|row| row.setting.works) {
            let is_written = row.source != Source::Default;
            values.insert(row.setting.name, row.value.clone(), is_written);
        }
        let mut settings = Settings::take(&mut values);
        settings.tables = tables;
        fatal.extend(tls::faults(&effective));
        let (_, proxies) = settings.trusted_proxies();
        let (_, origins) = settings.origin_policy();
        let (_, tokens) = settings.token_settings();
        let webhook = settings.webhook_notice();
        for notice in proxies
            .into_iter()
            .chain(origins)
            .chain(tokens)
            .chain(webhook)
        {
            match notice.kind {
                NoticeKind::Fatal => fatal.push(Fatal::Notice(notice)),
                _ => warnings.push(Warning::Notice(notice)),
            }
        }
        Loaded {
            settings,
            effective,
            members,
            warnings,
            fatal,
        }
    }
}

/// What is said on the way.
struct Told {
    warnings: Vec<Warning>,
    fatal: Vec<Fatal>,
}

/// A text that a source has for a row.
struct Found<'a> {
    source: Source,
    name: String,
    text: &'a Result<String, Misfit>,
    place: Option<&'a Place>,
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

impl Found<'_> {
    fn warn(&self, told: &mut Told, warning: Warning) {
        told.warnings.push(warning.at(self.place));
    }

    /// The text itself, or what the file holds that it names.
    fn read(&self) -> Result<Result<String, Misfit>, Fatal> {
        let (Rank::File, Ok(path)) = (self.rank, self.text) else {
            return Ok(self.text.clone());
        };
        read_secret(Path::new(path)).map(Ok).map_err(|reason| {
            let fatal = Fatal::SecretFile {
                name: self.name.clone(),
                path: path.clone(),
                reason,
            };
            fatal.at(self.place)
        })
    }
}

fn resolve(row: &'static Setting, layers: &[Layer], told: &mut Told) -> Effective {
    let mut found = candidates(row, layers).into_iter();
    let Some(best) = found.next() else {
        return from_table(row, row.default);
    };
    // A weaker source is there to be overruled; a second name of the same setting is a slip.
    for other in found.filter(|other| {
        other.source == best.source && matches!(other.rank, Rank::Alias | Rank::File)
    }) {
        let warning = Warning::Shadowed {
            name: other.name.clone(),
            by: best.name.clone(),
        };
        other.warn(told, warning);
    }
    if best.rank == Rank::Alias {
        let warning = Warning::Deprecated {
            alias: best.name.clone(),
            name: row.name,
        };
        best.warn(told, warning);
    }
    let text = match best.read() {
        Ok(text) => text,
        Err(fatal) => {
            told.fatal.push(fatal);
            return from_table(row, row.default);
        }
    };
    // A name of Flask's own in the environment is there for Flask.
    let is_ours =
        best.source == Source::Toml || OWN_PREFIXES.iter().any(|own| best.name.starts_with(own));
    if !row.works && is_ours {
        let name = best.name.clone();
        best.warn(told, Warning::NoEffect { name });
    }
    judge(row, &best, &text, told)
}

fn candidates<'a>(row: &Setting, layers: &'a [Layer]) -> Vec<Found<'a>> {
    let mut names = vec![(row.name.to_owned(), Rank::Name)];
    names.extend(row.file_name().map(|name| (name, Rank::File)));
    names.extend(row.also.iter().map(|name| ((*name).to_owned(), Rank::Also)));
    names.extend(
        row.aliases
            .iter()
            .map(|name| ((*name).to_owned(), Rank::Alias)),
    );
    let mut found: Vec<Found<'a>> = Vec::new();
    for layer in layers {
        for (name, rank) in &names {
            let mut entries = layer.entries.iter().rev();
            let is_set =
                |text: &Result<String, Misfit>| text.as_ref().map_or(true, |t| !t.is_empty());
            if let Some(entry) = entries.find(|entry| entry.name == *name && is_set(&entry.text)) {
                found.push(Found {
                    source: layer.source,
                    name: name.clone(),
                    text: &entry.text,
                    place: entry.place.as_ref(),
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
    text: &Result<String, Misfit>,
    told: &mut Told,
) -> Effective {
    let (value, dropped, reason) = match text.as_deref().map(|text| parse(row.kind, text)) {
        Ok(Ok(Parsed { value, dropped })) => (Some(value), dropped, None),
        Ok(Err((reason, dropped))) => (None, dropped, Some(reason)),
        Err(misfit) => (None, Vec::new(), Some(misfit.reason.clone())),
    };
    for Dropped { entry, reason } in dropped {
        let name = found.name.clone();
        let warning = Warning::Dropped {
            name,
            entry,
            reason,
        };
        found.warn(told, warning);
    }
    if let Some(reason) = reason {
        let name = found.name.clone();
        if matches!(row.kind, Kind::Url { or_stop: true, .. }) {
            told.fatal.push(Fatal::Url { name, reason }.at(found.place));
        } else {
            let value = match text {
                Ok(text) => shown(row, text),
                Err(misfit) => misfit.shown.clone(),
            };
            let warning = Warning::Invalid {
                name,
                value,
                reason,
                used: row.when_invalid.unwrap_or(row.default),
            };
            found.warn(told, warning);
        }
    }
    let Some(value) = value else {
        return from_table(row, row.when_invalid.unwrap_or(row.default));
    };
    Effective {
        setting: row,
        value,
        source: found.source,
        place: found.place.cloned(),
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
        place: None,
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
