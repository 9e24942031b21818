//! The settings of the demo: those that were given, where a demo can use them.

use std::time::Duration;

use bellgate::config::{Address, ApiKey, Loaded, Scope, Secret, Settings, Source};

/// Settings to start with, and the key of the page's server.
pub(super) struct Prepared {
    pub(super) settings: Settings,
    pub(super) key: String,
}

/// Time in which the clients of a restart are sent away. The setting's default spreads them so
/// that thousands do not come back at once; in a demo somebody is watching.
const DRAIN: Duration = Duration::from_secs(1);

/// Adds the key of the page's server. The errors say what a demo cannot do.
pub(super) fn prepare(loaded: Loaded) -> Result<Prepared, String> {
    let is_default = loaded.source("BELLGATE_DRAIN_WINDOW") == Source::Default;
    let mut settings = loaded.settings;
    if settings.listen.tls.is_some() {
        return Err(
            "the demo speaks plain HTTP: unset SOCKETIO_TLS_CERT and SOCKETIO_TLS_KEY".into(),
        );
    }
    if let Address::Unix(path) = &settings.listen.public {
        let path = path.display();
        return Err(format!(
            "no browser reaches unix:{path}: set SOCKETIO_HOST to an address"
        ));
    }
    // The demo's page is the web application, and it is on this machine.
    "localhost".clone_into(&mut settings.app.flask_host);
    // One port less that could be taken.
    settings.listen.admin = None;
    if is_default {
        settings.limits.drain_window = DRAIN;
    }
    let key = crate::development::fresh().map_err(|error| error.to_string())?;
    settings.api.keys.push(ApiKey {
        name: "demo".to_owned(),
        key: Secret::new(key.clone()),
        scopes: vec![Scope::Publish],
    });
    warn_of_refusal(&settings);
    Ok(Prepared { settings, key })
}

/// Where the page is, as browsers write it: port 80 is left out.
pub(super) fn page_url(port: u16) -> String {
    match port {
        80 => "http://localhost".to_owned(),
        port => format!("http://localhost:{port}"),
    }
}

/// A list of origins without the page is no mistake: the page then shows how a refusal looks.
fn warn_of_refusal(settings: &Settings) {
    let page = page_url(settings.app.flask_port);
    let (policy, _) = settings.origin_policy();
    if !policy
        .admitted()
        .iter()
        .any(|origin| origin.to_string() == page)
    {
        tracing::warn!("the list of origins does not admit {page}: its clients will be refused");
    }
}

#[cfg(test)]
mod tests {
    use bellgate::config::{Settings, Sources};

    use super::{DRAIN, prepare};

    fn prepared(entries: &[(&str, &str)]) -> Result<Settings, String> {
        let sources = Sources::new().with_environment(entries.iter().copied());
        prepare(Settings::load(&sources)).map(|prepared| prepared.settings)
    }

    #[test]
    fn the_page_is_admitted_wherever_the_application_was_said_to_be() {
        let settings =
            prepared(&[("FLASK_HOST", "app.example.com"), ("FLASK_PORT", "8080")]).unwrap();
        let (policy, _) = settings.origin_policy();
        let admitted: Vec<_> = policy.admitted().iter().map(ToString::to_string).collect();
        assert!(
            admitted.contains(&"http://localhost:8080".to_owned()),
            "{admitted:?}"
        );
    }

    #[test]
    fn a_drain_window_that_was_chosen_is_kept() {
        assert_eq!(prepared(&[]).unwrap().limits.drain_window, DRAIN);
        let chosen = prepared(&[("BELLGATE_DRAIN_WINDOW", "7")]).unwrap();
        assert_eq!(chosen.limits.drain_window.as_secs(), 7);
    }

    #[test]
    fn an_address_that_no_browser_reaches_is_refused() {
        let refused = prepared(&[("SOCKETIO_HOST", "unix:/run/bellgate.sock")]).unwrap_err();
        assert!(refused.contains("SOCKETIO_HOST"), "{refused}");
    }
}
