//! The table and its values as texts: `bellgate config`, its `--json`, the docs page and the
//! sample file. The last two are printed into `docs/settings.md` and `.env.example`; a test
//! fails when those are stale.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::Loaded;
use super::load::Effective;
use super::report::{Place, Source};
use super::table::{GROUPS, Reload, Setting};
use super::tables::{self, EffectiveMember};
use super::value::{Value, bounds, render};

/// One line a setting: `NAME=value  # source`.
pub fn text(loaded: &Loaded) -> String {
    let mut out = String::new();
    for row in &loaded.effective {
        let value = effective(loaded, row);
        let source = source(row.source, row.place.as_ref());
        let _ = write!(out, "{}={value}  # {source}", row.setting.name);
        if let Some(name) = &row.written_as {
            let _ = write!(out, ", as {name}");
        }
        if !row.setting.works {
            out.push_str("; has no effect yet");
        }
        out.push('\n');
    }
    for EffectiveMember {
        path,
        value,
        source: from,
        place,
        works,
    } in &loaded.members
    {
        let source = source(*from, place.as_ref());
        let _ = write!(out, "{path}={value}  # {source}");
        if !works {
            out.push_str("; has no effect yet");
        }
        out.push('\n');
    }
    out
}

/// The file and line, or the source.
fn source(source: Source, place: Option<&Place>) -> String {
    place.map_or_else(|| source.to_string(), Place::to_string)
}

/// An object by environment name: `{value, source, line, default, secret, reload, has_effect}`,
/// values as in the environment, `null` where there is none. The source of what stands in a file
/// is that file, and `line` says where. Members of tables stand under their path in
/// `bellgate.toml`.
pub fn json(loaded: &Loaded) -> String {
    let mut rows: Map<String, Json> = loaded
        .effective
        .iter()
        .map(|row| {
            let members = json!({
                "value": set(&effective(loaded, row)),
                "source": file(row.source, row.place.as_ref()),
                "line": row.place.as_ref().map(|place| place.line),
                "default": set(row.setting.default),
                "secret": row.setting.secret,
                "reload": row.setting.reload != Reload::Restart,
                "has_effect": row.setting.works,
            });
            (row.setting.name.to_owned(), members)
        })
        .collect();
    rows.extend(loaded.members.iter().map(|member| {
        let members = json!({
            "value": member.value,
            "source": file(member.source, member.place.as_ref()),
            "line": member.place.as_ref().map(|place| place.line),
            "default": null,
            "secret": false,
            "reload": member.works,
            "has_effect": member.works,
        });
        (member.path.clone(), members)
    }));
    format!("{:#}\n", Json::Object(rows))
}

fn file(source: Source, place: Option<&Place>) -> String {
    place.map_or_else(|| source.to_string(), |place| place.file.to_string())
}

fn set(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The value that holds, with what is made of it where it is left to Bellgate.
fn effective(loaded: &Loaded, row: &Effective) -> String {
    match (row.setting.name, &row.value) {
        ("SOCKETIO_CORS_ORIGINS", Value::Unset) => loaded.admitted_origins().join(","),
        ("SOCKETIO_REQUIRE_HTTPS", Value::Word(_)) => {
            loaded.settings.is_https_required().to_string()
        }
        ("BELLGATE_API_KEYS", Value::ApiKeys(keys)) if keys.is_empty() => String::new(),
        (_, value) => render(row.setting, value),
    }
}

/// The reference page.
pub fn docs() -> String {
    let mut out = String::from(DOCS_HEAD);
    for group in GROUPS {
        let _ = write!(out, "\n## {}\n", group.title);
        for row in group.rows {
            docs_row(&mut out, row);
        }
    }
    out.push_str(TABLES_HEAD);
    tables::docs(&mut out);
    out
}

fn docs_row(out: &mut String, row: &Setting) {
    let _ = write!(out, "\n### `{}`\n\n{}.", row.name, capital(row.short));
    if !row.long.is_empty() {
        let _ = write!(out, " {}", row.long);
    }
    if !row.works {
        out.push_str(" *Read and checked, without effect yet.*");
    }
    let default = match row.default {
        "" => "unset".to_owned(),
        default => format!("`{default}`"),
    };
    let _ = write!(out, "\n\n- Default: {default}");
    let _ = write!(out, "\n- Value: {}", bounds(row.kind));
    if let Some(used) = row.when_invalid {
        let _ = write!(out, "; an invalid one counts as `{used}`");
    }
    match (row.flag(), row.file_name()) {
        (Some(flag), _) => _ = write!(out, "\n- Flag: `--{flag}`"),
        (None, Some(file)) => {
            _ = write!(
                out,
                "\n- Secret: no flag, never printed; `{file}` names a file"
            );
        }
        (None, None) => {}
    }
    let _ = write!(out, "\n- In `bellgate.toml`: `{}`", row.key());
    if !row.also.is_empty() {
        let _ = write!(out, "\n- Also read: {}", coded(row.also));
    }
    if !row.aliases.is_empty() {
        let _ = write!(out, "\n- Older names: {}", coded(row.aliases));
    }
    let _ = write!(out, "\n- A new value holds {}\n", reload(row.reload));
}

fn coded(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn reload(reload: Reload) -> &'static str {
    match reload {
        Reload::Live => "after a reload",
        Reload::NewSessions => "after a reload, for new sessions",
        Reload::Restart => "after a restart",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// The sample file: every setting with its default, commented out.
pub fn env_example() -> String {
    let mut out = String::from(EXAMPLE_HEAD);
    for group in GROUPS {
        let _ = write!(out, "\n# ---- {} ----\n", group.title);
        for row in group.rows.iter().filter(|row| row.works) {
            let _ = write!(out, "\n# {}\n", capital(row.short));
            let _ = writeln!(out, "#{}={}", row.name, row.default);
        }
    }
    out
}

const DOCS_HEAD: &str = "\
# Settings

<!-- Printed by `bellgate config --docs`; change the table in the source, not this page. -->

A setting is taken from the first of these that has it:

1. the command line;
2. the environment;
3. `.env` in the working directory, read as Flask reads it: `NAME=value`, quotes, ` #` before a
   comment, `${NAME}` and `${NAME:-default}`. Names of others are passed over. `.flaskenv` is not
   read;
4. `bellgate.toml` in the working directory, or the file that `--config FILE` names;
5. its default.

A value that is the empty string counts as unset. `bellgate config` prints every value that holds,
with its source, file and line included; `bellgate check` says what is wrong.

In `bellgate.toml` each key is the flag with underscores, without a table around it; texts, numbers,
switches and lists of texts are taken. Secrets have no flag, since everybody on a machine sees
command lines, but they have a key made in the same way. Better keep them out of a file that is
shared: `api_keys_file = \"/run/secrets/keys\"` names a file that holds one, as the variable
`BELLGATE_API_KEYS_FILE` does.

```toml
public_url = \"https://app.example.com\"
cors_origins = [\"https://app.example.com\", \"https://*.example.org\"]
ping_timeout = \"30s\"
max_connections = 20000
api_keys_file = \"/run/secrets/keys\"
```

A value that cannot be used never stops the start: a warning names the variable, the value, the
reason and what is used instead. With `--strict` such a warning ends the start with status 2. What
does stop it, because going on would be unsafe: a `.env` or `bellgate.toml` that is there and cannot
be read (no TOML, no UTF-8, more than 1 MiB, no permission), a `--config` file that is not there, a
TLS or secret file that cannot be read, a store or broker with an unknown scheme, `*` as an origin
in production, an address that is taken. A line of `.env` that is no `NAME=value` is passed over
with a warning, as Flask does.

- **Durations** take `ms`, `s`, `m`, `h` or `d` (`25s`, `300ms`); a bare number counts the unit that
  the setting names, and may have a fraction (`0.3`).
- **Sizes** take `KiB`, `MiB`, `GiB`; a bare number counts bytes.
- **Switches** are `true 1 yes on` or `false 0 no off`, in any case.
- **Lists** are separated by commas. An entry that cannot be used is left out with a warning. A
  flag for a list may be repeated.
";

const TABLES_HEAD: &str = "
## Namespaces and categories

Tables of `bellgate.toml`, below its keys. Of a namespace `auth` and `roles` have an effect; the rest is
read and checked only.

```toml
[namespace.\"/admin\"]
auth = \"required\"
roles = [\"admin\", \"owner\"]

[category.billing]
label = \"Invoices\"
required = true
```

The members of a namespace may also come from the environment: `BELLGATE_NAMESPACE_ADMIN_ROLES` is
`roles` of `/admin`, and `BELLGATE_NAMESPACE_AUTH` is `auth` of `/`.
";

const EXAMPLE_HEAD: &str = "\
# Settings of Bellgate, each with its default. Remove the # in front of a name to change it.
# Printed by `bellgate config --env-example`; docs/settings.md explains each one.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, Sources};

    fn loaded(environment: &[(&str, &str)]) -> Loaded {
        let sources = Sources::new()
            .with_flags([("SOCKETIO_PORT", "6001")])
            .with_environment(environment.iter().copied());
        Settings::load(&sources)
    }

    #[test]
    fn the_docs_page_is_what_the_table_prints() {
        let page = include_str!("../../../../docs/settings.md");
        assert!(
            page == docs(),
            "run: bellgate config --docs > docs/settings.md"
        );
    }

    #[test]
    fn the_sample_file_is_what_the_table_prints() {
        let sample = include_str!("../../../../.env.example");
        assert!(
            sample == env_example(),
            "run: bellgate config --env-example > .env.example"
        );
    }

    #[test]
    fn a_line_tells_value_and_source() {
        let text = text(&loaded(&[
            ("WEBSOCKET_PING_TIMEOUT", "300ms"),
            ("SOCKETIO_SEND_BUFFER", "2097152"),
        ]));
        for line in [
            "SOCKETIO_PORT=6001  # flag\n",
            "SOCKETIO_PING_TIMEOUT=0.3  # environment, as WEBSOCKET_PING_TIMEOUT\n",
            "SOCKETIO_PING_INTERVAL=25  # default\n",
            "SOCKETIO_SEND_BUFFER=2MiB  # environment\n",
            "SOCKETIO_REQUIRE_HTTPS=false  # default\n",
            "SOCKETIO_TLS_CERT=  # default\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn generated_origins_are_shown_as_what_they_come_to() {
        let text = text(&loaded(&[("FLASK_HOST", "app.example.com")]));
        let origins = text
            .lines()
            .find(|line| line.starts_with("SOCKETIO_CORS_ORIGINS="));
        assert!(
            origins.unwrap().contains("http://app.example.com:5000"),
            "{text}"
        );
    }

    #[test]
    fn no_output_holds_a_secret() {
        let loaded = loaded(&[("BELLGATE_API_KEYS", "shop:t0ps3cret")]);
        assert!(!text(&loaded).contains("t0ps3cret"));
        assert!(!json(&loaded).contains("t0ps3cret"));
        assert!(text(&loaded).contains("BELLGATE_API_KEYS=••••  # environment\n"));
        assert!(!format!("{loaded:?}").contains("t0ps3cret"));
    }

    #[test]
    fn json_has_its_members_for_each_name() {
        let object: Json = serde_json::from_str(&json(&loaded(&[]))).unwrap();
        let port = &object["SOCKETIO_PORT"];
        assert_eq!(port["value"], "6001");
        assert_eq!(port["source"], "flag");
        assert_eq!(port["line"], Json::Null);
        assert_eq!(port["default"], "5001");
        assert_eq!(port["secret"], false);
        assert_eq!(port["reload"], false);
        assert_eq!(object["SOCKETIO_TLS_CERT"]["value"], Json::Null);
        assert_eq!(object["SOCKETIO_TLS_CERT"]["reload"], true);
    }

    #[test]
    fn what_is_printed_sets_the_same_values_again() {
        let first = loaded(&[
            ("SOCKETIO_PING_INTERVAL", "1.5s"),
            ("SOCKETIO_HOST", "::1"),
            ("BELLGATE_ADMIN_ADDR", "off"),
        ]);
        let printed = text(&first);
        let lines = printed.lines().filter_map(|line| {
            let (setting, source) = line.split_once("  # ")?;
            (source != "default").then_some(setting.split_once('=')?)
        });
        let again = Settings::load(&Sources::new().with_environment(lines));
        assert_eq!(again.settings, first.settings);
    }

    #[test]
    fn the_sample_file_changes_nothing_once_its_lines_are_uncommented() {
        let sample = env_example();
        let lines = sample.lines().filter_map(|line| {
            let (name, text) = line.strip_prefix('#')?.split_once('=')?;
            (!name.contains(' ')).then_some((name, text))
        });
        let loaded = Settings::load(&Sources::new().with_environment(lines));
        let mut settings = loaded.settings;
        // Written down, as a default never is: it decides about a `*` in production only.
        assert!(std::mem::take(&mut settings.origins.credentials_set));
        assert_eq!(settings, Settings::default());
        assert_eq!(loaded.warnings, []);
    }
}
