//! The settings of the demo: those that were given, where a demo can use them.

use std::net::IpAddr;
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
    if !is_here(&settings.listen.public) {
        return Err(
            "the page is at localhost, and its cookies go nowhere else: set SOCKETIO_HOST to localhost".into(),
        );
    }
    // People that anybody may log in as must not be believed elsewhere: the key is of this run.
    settings.identity.secret_key = Some(Secret::new(fresh()?));
    settings.identity.secret_key_fallbacks.clear();
    settings.identity.csrf_secret_key = None;
    // The demo's page is the web application, and it is on this machine.
    "localhost".clone_into(&mut settings.app.flask_host);
    // One port less that could be taken.
    settings.listen.admin = None;
    if is_default {
        settings.limits.drain_window = DRAIN;
    }
    let key = fresh()?;
    settings.api.keys.push(ApiKey {
        name: "demo".to_owned(),
        key: Secret::new(key.clone()),
        scopes: vec![Scope::Publish],
    });
    warn_of_refusal(&settings);
    Ok(Prepared { settings, key })
}

fn fresh() -> Result<String, String> {
    crate::development::fresh().map_err(|error| error.to_string())
}

/// Whether a page of this machine reaches the address as `localhost`.
fn is_here(address: &Address) -> bool {
    let Address::Tcp { host, .. } = address else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let ip = host.parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
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
        for host in ["unix:/run/bellgate.sock", "192.0.2.7", "app.example.com"] {
            let refused = prepared(&[("SOCKETIO_HOST", host)]).unwrap_err();
            assert!(refused.contains("SOCKETIO_HOST"), "{refused}");
        }
        for host in ["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"] {
            assert!(prepared(&[("SOCKETIO_HOST", host)]).is_ok(), "{host}");
        }
    }

    #[test]
    fn people_of_the_demo_are_signed_by_a_key_of_their_own() {
        let key = |settings: &Settings| settings.identity.secret_key.clone().unwrap();
        let given = [
            ("SECRET_KEY", "the application's"),
            ("SECRET_KEY_FALLBACKS", "older"),
        ];
        let (one, other) = (prepared(&given).unwrap(), prepared(&given).unwrap());
        assert_ne!(key(&one), key(&other));
        assert!(one.identity.secret_key_fallbacks.is_empty());
    }
}
