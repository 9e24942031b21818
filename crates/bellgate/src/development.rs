//! The API key of a development machine: made once, so that the first `curl` works.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellgate::config::{ApiKey, Loaded, Scope, Secret};

/// Where the key is kept when there is no terminal to show it on.
const FILE: &str = ".bellgate-key";

/// Makes a key where development has none: shown on a terminal, else kept in a file that only its
/// owner can read. It never reaches the log.
pub(crate) fn add_key(loaded: &mut Loaded) -> io::Result<()> {
    if !loaded.settings.api.wants_development_key {
        return Ok(());
    }
    let key = if io::stdout().is_terminal() {
        let key = fresh()?;
        writeln!(
            io::stdout(),
            "API key of this run: {key}  (set BELLGATE_API_KEYS=name:key to choose your own)"
        )?;
        key
    } else {
        kept()?
    };
    let scopes = Scope::ALL.to_vec();
    loaded.settings.api.keys.push(ApiKey {
        name: "development".to_owned(),
        key: Secret::new(key),
        scopes,
    });
    Ok(())
}

fn kept() -> io::Result<String> {
    if let Ok(key) = std::fs::read_to_string(FILE) {
        let key = key.trim().to_owned();
        if !key.is_empty() {
            return Ok(key);
        }
    }
    let key = fresh()?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(FILE)?;
    writeln!(file, "{key}")?;
    tracing::info!("the API key of this machine is in {FILE}");
    Ok(key)
}

/// A new key: 192 random bits.
pub(crate) fn fresh() -> io::Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
