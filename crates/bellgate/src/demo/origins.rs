//! The list of origins as the page edits it: judged as `--strict` judges a start, and applied as a
//! reload, which cuts nobody.

use bellgate::config::table::Reload;
use bellgate::config::{Change, Settings, Sources};
use serde::Serialize;
use tokio::sync::oneshot;

use super::gateway::Gateway;

/// The setting.
const NAME: &str = "SOCKETIO_CORS_ORIGINS";

/// What the page wants of the list.
pub(super) enum Wish {
    /// To know it.
    Look,
    /// That this value holds; an empty one stands for the generated list.
    Set(String),
    /// That it is as at the start.
    Undo,
}

/// A wish, and whoever waits for the answer; `Err`: why nothing has changed.
pub(super) type Ask = (Wish, oneshot::Sender<Result<Shown, Vec<String>>>);

/// What the page of the demo shows. It goes to no other page: who is admitted is not for everybody.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    /// The value as one would write it; empty: the list is generated.
    value: String,
    /// The origins that the list stands for.
    admitted: Vec<String>,
    /// Whether it differs from the start.
    is_changed: bool,
    /// What a reload said: the change, and warnings.
    said: Vec<String>,
}

/// The list of the start, to go back to.
pub(super) struct Origins {
    at_start: Option<Vec<String>>,
}

impl Origins {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            at_start: settings.origins.allowed.clone(),
        }
    }

    /// Does as the page wishes.
    pub(super) fn answer(&self, wish: Wish, gateway: &mut Gateway) -> Result<Shown, Vec<String>> {
        let said = match wish {
            Wish::Look => Vec::new(),
            Wish::Undo => change(gateway, self.at_start.clone(), Vec::new())?,
            Wish::Set(text) => {
                let (list, warnings) = read(&text, gateway.settings())?;
                change(gateway, list, warnings)?
            }
        };
        Ok(self.shown(gateway.settings(), said))
    }

    fn shown(&self, settings: &Settings, said: Vec<String>) -> Shown {
        let (policy, _) = settings.origin_policy();
        Shown {
            value: written(settings.origins.allowed.as_deref()),
            admitted: policy.admitted().iter().map(ToString::to_string).collect(),
            is_changed: settings.origins.allowed != self.at_start,
            said,
        }
    }
}

/// A value that was read, with what there is to warn of.
type Read = (Option<Vec<String>>, Vec<String>);

/// Reads a value as a start reads it. `Err`: an entry of it could not be used.
fn read(text: &str, held: &Settings) -> Result<Read, Vec<String>> {
    let environment = if held.app.environment.is_production() {
        "production"
    } else {
        "development"
    };
    // What has been pasted with the setting's name is meant without.
    let text = text.trim();
    let text = text.strip_prefix(NAME).map_or(text, |rest| {
        rest.trim_start().strip_prefix('=').unwrap_or(text)
    });
    let sources = Sources::new().with_environment([(NAME, text), ("BELLGATE_ENV", environment)]);
    let loaded = Settings::load(&sources);
    let about = loaded.warnings.iter().filter(|told| told.name() == NAME);
    let warnings = about.map(ToString::to_string).collect();
    if loaded.must_stop(true) {
        tracing::warn!("the reload is refused and nothing has changed");
        return Err(loaded.reasons_to_stop(true));
    }
    Ok((loaded.settings.origins.allowed, warnings))
}

/// Reloads the gateway with this list; what there is to say of it, which the log is told too.
fn change(
    gateway: &mut Gateway,
    list: Option<Vec<String>>,
    warnings: Vec<String>,
) -> Result<Vec<String>, Vec<String>> {
    let change = Change {
        name: NAME.to_owned(),
        from: written(gateway.settings().origins.allowed.as_deref()),
        to: written(list.as_deref()),
        reload: Reload::Live,
    };
    if change.from == change.to {
        return Ok(vec!["nothing differs from what holds".to_owned()]);
    }
    gateway
        .admit(list)
        .map_err(|error| vec![error.to_string()])?;
    tracing::info!("{change}");
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    Ok(std::iter::once(change.to_string())
        .chain(warnings)
        .collect())
}

fn written(list: Option<&[String]>) -> String {
    list.unwrap_or_default().join(",")
}

#[cfg(test)]
mod tests {
    use bellgate::config::Settings;

    use super::read;

    #[test]
    fn a_value_is_read_with_and_without_the_name_of_the_setting() {
        let held = Settings::default();
        for text in [
            "http://a.example,http://b.example",
            " SOCKETIO_CORS_ORIGINS=http://a.example,http://b.example\n",
        ] {
            let (list, warnings) = read(text, &held).unwrap();
            let expected = ["http://a.example", "http://b.example"].map(str::to_owned);
            assert_eq!(list, Some(expected.to_vec()), "{text:?}");
            assert!(warnings.is_empty(), "{warnings:?}");
        }
        assert_eq!(read("", &held).unwrap().0, None);
    }

    #[test]
    fn an_entry_that_cannot_be_used_refuses_the_whole_value() {
        let reasons = read("http://a.example,https://a/b", &Settings::default()).unwrap_err();
        assert!(reasons[0].contains("it has a path"), "{reasons:?}");
    }

    #[test]
    fn what_is_only_advice_is_passed_on() {
        let (list, warnings) = read("*", &Settings::default()).unwrap();
        assert_eq!(list, Some(vec!["*".to_owned()]));
        assert!(warnings[0].contains("credentials are off"), "{warnings:?}");
    }
}
