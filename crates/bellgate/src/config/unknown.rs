//! Names with our prefixes that no row has: slips that would otherwise be silent.

use super::nearest::nearest;
use super::report::Warning;
use super::sources::Entry;
use super::table::{OWN_PREFIXES, Setting, settings};
use super::tables;

/// A warning for each name of `entries` that begins like a setting and is none.
pub(super) fn warnings(entries: &[Entry]) -> Vec<Warning> {
    entries
        .iter()
        .filter(|Entry { name, text, .. }| {
            OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                && !settings().any(|row| is_name_of(row, name))
                && !tables::is_of_a_namespace(name)
                && !is_service_link(name, text.as_deref().unwrap_or_default())
        })
        .map(|entry| judge(&entry.name).at(entry.place.as_ref()))
        .collect()
}

fn judge(name: &str) -> Warning {
    if let Some((_, reason)) = IGNORED.iter().find(|(ignored, _)| *ignored == name) {
        return Warning::Ignored {
            name: name.to_owned(),
            reason,
        };
    }
    let shown = name.escape_debug().take(128).collect();
    Warning::Unknown {
        name: shown,
        nearest: likely(name),
    }
}

/// Names that a Flask application sets for its own server, with the reason why they mean nothing.
const IGNORED: &[(&str, &str)] = &[(
    "SOCKETIO_ASYNC_MODE",
    "Bellgate runs beside the application, whose workers stay as they are",
)];

fn is_name_of(row: &Setting, name: &str) -> bool {
    row.name == name
        || row.also.contains(&name)
        || row.aliases.contains(&name)
        || row.file_name().is_some_and(|file| file == name)
}

fn likely(name: &str) -> Option<String> {
    let files: Vec<String> = settings().filter_map(Setting::file_name).collect();
    // Only a secret has a file; the plain name is what was meant then.
    let plain = name.strip_suffix("_FILE");
    if let Some(row) = settings().find(|row| plain == Some(row.name)) {
        return Some(row.name.to_owned());
    }
    let known = settings()
        .flat_map(|row| row.also.iter().copied().chain([row.name]))
        .chain(files.iter().map(String::as_str));
    tables::likely(name).or_else(|| nearest(name, known).map(str::to_owned))
}

/// What Kubernetes sets in every pod beside a Service called `bellgate` or `socketio`
/// (service links: `NAME_SERVICE_HOST`, `NAME_PORT_5001_TCP_ADDR`): nobody's slip.
fn is_service_link(name: &str, text: &str) -> bool {
    let is_port = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let mut words = name.split('_').skip_while(|word| *word != "PORT").skip(1);
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (words.next().is_some_and(is_port) && matches!(words.next(), Some("TCP" | "UDP")))
        || (name.ends_with("_PORT") && text.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(entries: &[(&str, &str)]) -> Vec<String> {
        let entries: Vec<_> = entries
            .iter()
            .map(|(name, text)| Entry {
                name: (*name).to_owned(),
                text: Ok((*text).to_owned()),
                place: None,
            })
            .collect();
        warnings(&entries).iter().map(Warning::to_string).collect()
    }

    #[test]
    fn an_unknown_name_is_told_with_the_likely_one_and_without_its_value() {
        assert_eq!(
            told(&[("SOCKETIO_CORS_ORIGIN", "s3cret")]),
            ["SOCKETIO_CORS_ORIGIN is no setting; was SOCKETIO_CORS_ORIGINS meant?"]
        );
        assert_eq!(
            told(&[("BELLGATE_API_KEY_FILE", "/x")]),
            ["BELLGATE_API_KEY_FILE is no setting; was BELLGATE_API_KEYS_FILE meant?"]
        );
    }

    #[test]
    fn known_names_and_those_of_others_are_passed_over() {
        assert!(
            told(&[
                ("PATH", "/bin"),
                ("FLASK_DEBUG", "1"),
                ("FLASK_ENV", "testing"),
                ("WEBSOCKET_PING_TIMEOUT", "5"),
                ("BELLGATE_API_KEYS_FILE", "/x"),
            ])
            .is_empty()
        );
    }

    #[test]
    fn service_links_of_kubernetes_are_nobodys_slip() {
        assert!(
            told(&[
                ("BELLGATE_SERVICE_HOST", "10.0.0.1"),
                ("BELLGATE_SERVICE_PORT_HTTP", "5001"),
                ("BELLGATE_PORT", "tcp://10.0.0.1:5001"),
                ("BELLGATE_PORT_5001_TCP_ADDR", "10.0.0.1"),
            ])
            .is_empty()
        );
        assert_eq!(told(&[("BELLGATE_PORT", "5001")]).len(), 1);
    }
}
