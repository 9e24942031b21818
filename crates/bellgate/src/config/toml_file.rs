//! Reads `bellgate.toml`: flat keys, and the tables of namespaces and categories.
//!
//! A key is the setting's flag with underscores (`cors_origins`); secrets, which have no flag, have
//! a key made the same way, and with `_file` behind it one for the file that holds them. Each value
//! becomes the text that one would write in the environment, so that one parser judges both.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::files::position;
use super::nearest::nearest;
use super::report::{Fatal, Place, Source, Warning};
use super::sources::{Entry, Misfit};
use super::table::{Kind, Setting, settings};
use super::tables::{Member, Table};

/// What stands in a file.
#[derive(Debug, Default)]
pub(super) struct TomlFile {
    pub(super) entries: Vec<Entry>,
    pub(super) members: Vec<Member>,
    pub(super) warnings: Vec<Warning>,
}

/// Reads a text; `name` is that of the file.
///
/// # Errors
/// The text is no TOML.
pub(super) fn read(name: &str, text: &str) -> Result<TomlFile, Fatal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = DeTable::parse(text).map_err(|error| {
        let place = error
            .span()
            .map(|span| position(text, span.start) + ": ")
            .unwrap_or_default();
        Fatal::File {
            file: name.to_owned(),
            // Its `Display` would quote the line, which may hold a secret.
            reason: place + error.message(),
        }
    })?;
    let mut reader = Reader {
        file: Arc::from(name),
        starts: line_starts(text),
        read: TomlFile::default(),
    };
    for (key, value) in in_order(root.get_ref()) {
        reader.top(key, value);
    }
    Ok(reader.read)
}

struct Reader {
    file: Arc<str>,
    /// Offsets at which lines begin.
    starts: Vec<usize>,
    read: TomlFile,
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl Reader {
    fn top(&mut self, key: &Key<'_>, value: &Value<'_>) {
        let place = self.place(&key.span());
        let name: &str = key.get_ref();
        if let Some(table) = Table::ALL.into_iter().find(|table| table.key() == name) {
            match value.get_ref() {
                DeValue::Table(rows) => self.table(table, rows),
                _ => self.invalid(&place, name, value, "is no table"),
            }
            return;
        }
        let Some((row, variable)) = row_of(name) else {
            return self.unknown(&place, name, likely(name));
        };
        self.read.entries.push(Entry {
            text: text(row.kind, value.get_ref()),
            name: variable,
            place: Some(place),
        });
    }

    /// `[namespace."/x"]`: the rows of a table and their members.
    fn table(&mut self, table: Table, rows: &DeTable<'_>) {
        for (key, value) in in_order(rows) {
            let place = self.place(&key.span());
            let of: &str = key.get_ref();
            let path = table.path(of);
            if let Err(meant) = table.check(of) {
                self.unknown(&place, &path, meant);
                continue;
            }
            let DeValue::Table(members) = value.get_ref() else {
                self.invalid(&place, &path, value, "is no table");
                continue;
            };
            for (key, value) in in_order(members) {
                self.member(table, of, key, value);
            }
        }
    }

    fn member(&mut self, table: Table, of: &str, key: &Key<'_>, value: &Value<'_>) {
        let place = self.place(&key.span());
        let name: &str = key.get_ref();
        let path = format!("{}.{}", table.path(of), key_text(name));
        let Some(row) = table.member(name) else {
            let known = table.members().iter().map(|row| row.name);
            let meant = nearest(name, known).map(str::to_owned);
            return self.unknown(&place, &path, meant);
        };
        self.read.members.push(Member {
            table,
            of: of.to_owned(),
            row,
            written: path,
            text: text(row.kind, value.get_ref()),
            source: Source::Toml,
            place: Some(place),
        });
    }

    fn unknown(&mut self, place: &Place, name: &str, nearest: Option<String>) {
        let escaped = name.escape_debug().to_string().replace("\\\"", "\"");
        let name = escaped.chars().take(128).collect();
        let warning = Warning::Unknown { name, nearest };
        self.read.warnings.push(warning.at(Some(place)));
    }

    fn invalid(&mut self, place: &Place, name: &str, value: &Value<'_>, reason: &str) {
        let warning = Warning::Invalid {
            name: name.to_owned(),
            value: what(value.get_ref()).to_owned(),
            reason: reason.to_owned(),
            used: "",
        };
        self.read.warnings.push(warning.at(Some(place)));
    }

    fn place(&self, span: &Range<usize>) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line: self.starts.partition_point(|start| *start <= span.start),
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let ends = text.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}

/// The pairs of a table as they were written.
fn in_order<'a, 'b>(table: &'b DeTable<'a>) -> Vec<(&'b Key<'a>, &'b Value<'a>)> {
    let mut pairs: Vec<_> = table.iter().collect();
    pairs.sort_by_key(|(key, _)| key.span().start);
    pairs
}

/// The row that a key means, and the name under which the value would stand in the environment.
fn row_of(key: &str) -> Option<(&'static Setting, String)> {
    settings().find_map(|row| {
        let own = row.key();
        if own == key {
            return Some((row, row.name.to_owned()));
        }
        let file = row.file_name()?;
        (key.strip_suffix("_file") == Some(own.as_str())).then_some((row, file))
    })
}

fn likely(key: &str) -> Option<String> {
    // The name of the environment, or that of the flag.
    let variable = key.to_ascii_uppercase();
    let dashes = key.replace('-', "_");
    let plain = key.strip_suffix("_file");
    let exact = settings().find(|row| {
        [&[row.name], row.also, row.aliases]
            .concat()
            .contains(&variable.as_str())
            || row.key() == dashes
            || plain == Some(&row.key())
    });
    if let Some(row) = exact {
        return Some(row.key());
    }
    let keys: Vec<String> = settings().map(Setting::key).collect();
    let tables = Table::ALL.map(Table::key);
    let known = keys.iter().map(String::as_str).chain(tables);
    nearest(&dashes.to_ascii_lowercase(), known).map(str::to_owned)
}

/// A key as one writes it in TOML.
pub(super) fn key_text(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !key.is_empty() && key.chars().all(is_bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}

/// A value as one would write it in the environment.
fn text(kind: Kind, value: &DeValue<'_>) -> Result<String, Misfit> {
    if let DeValue::Array(entries) = value {
        let list = is_list(kind);
        let entries = entries.iter().map(|entry| match entry.get_ref() {
            DeValue::String(text) if list && text.contains(',') => Err("has a comma in an entry"),
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => Ok(number.to_string()),
            _ => Err("may hold texts and numbers only"),
        });
        let joined = entries.collect::<Result<Vec<_>, _>>().and_then(|entries| {
            if !list {
                Err("is no single value")
            } else if entries.is_empty() {
                // The default could admit more than nobody.
                Err("has no entry: leave it out for the default")
            } else {
                Ok(entries.join(","))
            }
        });
        return joined.map_err(|reason| misfit(value, reason));
    }
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        DeValue::Boolean(is_on) => Ok(is_on.to_string()),
        _ => Err(misfit(value, "is no text, number, switch or list")),
    }
}

fn misfit(value: &DeValue<'_>, reason: &str) -> Misfit {
    Misfit {
        shown: what(value).to_owned(),
        reason: reason.to_owned(),
    }
}

/// What is shown of a value that has no text.
fn what(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Array(_) => "[…]",
        DeValue::Table(_) => "{…}",
        _ => "…",
    }
}

/// Whether several values are joined by commas.
const fn is_list(kind: Kind) -> bool {
    match kind {
        Kind::List(_) | Kind::ApiKeys | Kind::Secrets | Kind::Rate => true,
        Kind::Or { other, .. } => is_list(*other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Loaded, Settings, Sources};

    fn load(text: &str) -> Loaded {
        Settings::load(&Sources::new().with_toml("bellgate.toml", text))
    }

    fn told(text: &str) -> Vec<String> {
        let loaded = load(text);
        let warnings = loaded.warnings.iter().map(Warning::to_string);
        warnings
            .chain(loaded.fatal.iter().map(Fatal::to_string))
            .collect()
    }

    #[test]
    fn every_type_becomes_what_the_environment_would_say() {
        let loaded = load(
            "port = 6001\n\
             flask_host = 'app'\n\
             ping_interval = 0.3\n\
             ping_timeout = \"2m\"\n\
             max_connections = 2_000\n\
             allow_upgrades = false\n\
             cors_origins = ['http://a', 'http://b']\n\
             api_keys = [\"a:k1:emit\", \"b:k2\"]\n",
        );
        assert_eq!(loaded.warnings, []);
        let same = Settings::load(&Sources::new().with_environment([
            ("SOCKETIO_PORT", "6001"),
            ("FLASK_HOST", "app"),
            ("SOCKETIO_PING_INTERVAL", "0.3"),
            ("SOCKETIO_PING_TIMEOUT", "2m"),
            ("SOCKETIO_MAX_CONNECTIONS", "2000"),
            ("SOCKETIO_ALLOW_UPGRADES", "false"),
            ("SOCKETIO_CORS_ORIGINS", "http://a,http://b"),
            ("BELLGATE_API_KEYS", "a:k1:emit,b:k2"),
        ]));
        assert_eq!(loaded.settings, same.settings);
    }

    #[test]
    fn an_unknown_key_is_told_with_the_nearest_and_its_line() {
        for (key, nearest) in [
            ("ping_timout", "ping_timeout"),
            ("cors-origins", "cors_origins"),
            ("SOCKETIO_CORS_ORIGINS", "cors_origins"),
            ("websocket_ping_timeout", "ping_timeout"),
            ("flask_env", "env"),
            ("port_file", "port"),
            ("namespaces", "namespace"),
        ] {
            assert_eq!(
                told(&format!("# notes\n\n{key} = '1'\n")),
                [format!(
                    "{key} is no setting; was {nearest} meant? (bellgate.toml:3)"
                )]
            );
        }
        assert_eq!(
            told("[server]\nport = 1\n"),
            ["server is no setting (bellgate.toml:1)"]
        );
    }

    #[test]
    fn a_wrong_type_is_an_invalid_value_with_its_reason() {
        for (line, reason) in [
            (
                "port = ['1']",
                "SOCKETIO_PORT=[…] is no single value; 5001 is used",
            ),
            (
                "port = {}",
                "SOCKETIO_PORT={…} is no text, number, switch or list; 5001",
            ),
            (
                "port = 1979-05-27",
                "SOCKETIO_PORT=… is no text, number, switch or list; 5001",
            ),
            (
                "port = true",
                "SOCKETIO_PORT=true is no whole number from 0 to 65535; 5001",
            ),
            (
                "cors_methods = [['GET']]",
                "SOCKETIO_CORS_METHODS=[…] may hold texts and numbers",
            ),
            (
                "cors_origins = []",
                "SOCKETIO_CORS_ORIGINS=[…] has no entry",
            ),
            (
                "cors_origins = ['a,b']",
                "SOCKETIO_CORS_ORIGINS=[…] has a comma in an entry",
            ),
            ("namespace = 1", "namespace=… is no table; it stays unset"),
        ] {
            let told = told(line);
            assert!(told[0].starts_with(reason), "{told:?}");
            assert!(told[0].ends_with("(bellgate.toml:1)"), "{told:?}");
            assert!(load(line).must_stop(true) && !load(line).must_stop(false));
        }
    }

    #[test]
    fn what_is_no_toml_stops_the_start_and_is_not_quoted() {
        for (text, place) in [
            ("port = 1\nsecret_key = t0psecret\n", "line 2, column "),
            ("port = 1\nport = 2\n", "line 2, column 1: "),
            ("port", "line 1, column "),
            ("é = 'x' y", "line 1, column "),
        ] {
            let loaded = load(text);
            let fault = loaded.fatal[0].to_string();
            let expected = format!("bellgate.toml cannot be read: {place}");
            assert!(fault.starts_with(&expected), "{fault}");
            assert!(!fault.contains("t0psecret"), "{fault}");
            assert!(loaded.must_stop(false));
        }
    }

    #[test]
    fn the_empty_text_counts_as_unset() {
        let loaded = load("port = ''\napi_keys = ''\n");
        assert_eq!(loaded.settings, Settings::default());
        assert_eq!(loaded.warnings, []);
    }

    #[test]
    fn a_setting_without_effect_says_so() {
        assert_eq!(
            told("channel = 's'\n"),
            ["SOCKETIO_CHANNEL is read and checked, but has no effect yet (bellgate.toml:1)"]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = read("bellgate.toml", &text);
        }

        #[test]
        fn no_value_of_any_key_makes_it_panic(
            key in prop::sample::select(settings().map(Setting::key).collect::<Vec<_>>()),
            value in prop::sample::select(vec![
                "1", "-1", "0x1f", "1e9", "nan", "true", "'x'", "''", "[]", "['']", "[[1]]", "{}",
                "{a = 1}", "1979-05-27", "'''\n\u{1}'''", "[1, 'a']",
            ]),
        ) {
            // The two files of TLS are looked at; none of these values names one.
            let text = format!("{key} = {}", if value.contains('\u{1}') { "'x'" } else { value });
            let loaded = load(&text);
            for warning in &loaded.warnings {
                prop_assert!(warning.to_string().contains("bellgate.toml:1") || !warning.counts_when_strict()
                    || matches!(warning, Warning::Notice(_)), "{}", warning);
            }
        }
    }
}
