//! Taking in settings anew: at SIGHUP, at `POST /admin/reload`, and TLS files when they change.
//!
//! A reload is all or nothing. Whatever would stop a start refuses it, and the server goes on as it
//! was; [`Reloader::reload`] says what was wrong, or what has changed.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bellgate::cli::Cli;
use bellgate::config::table::Reload;
use bellgate::config::{Change, Loaded, Logging, Settings, TlsFiles, environment};
use bellgate::{Refusal, Reloaded, Running};

use crate::log::Filter;

/// How often the TLS files are looked at.
pub(crate) const TLS_LOOK: Duration = Duration::from_secs(2);

/// Longest time for reading the files; one of them may be a pipe that nobody writes.
const READING: Duration = Duration::from_secs(10);

/// What a running server goes by, and where that comes from.
pub(crate) struct Reloader {
    cli: Cli,
    /// The files of settings that were there.
    files: Vec<String>,
    held: Arc<Loaded>,
    filter: Filter,
    tls: Option<Stamps>,
}

/// What was read, before it is applied.
struct Read {
    files: Vec<String>,
    loaded: Loaded,
    changes: Vec<Change>,
    tls: Option<Stamps>,
}

impl Reloader {
    /// Starts from what the server was started with.
    pub(crate) fn new(cli: Cli, files: Vec<String>, held: Loaded, filter: Filter) -> Self {
        Self {
            tls: stamps(&held.settings),
            cli,
            files,
            held: Arc::new(held),
            filter,
        }
    }

    /// Reads all sources anew and applies what they say; the log tells what has changed.
    ///
    /// # Errors
    /// Why nothing has.
    pub(crate) async fn reload(&mut self, running: &Running) -> Result<Reloaded, Refusal> {
        let read = self.read().await.map_err(refused)?;
        running
            .reload(&read.loaded.settings)
            .map_err(|error| refused(error.to_string()))?;
        let warnings = read.loaded.warnings.iter().map(ToString::to_string);
        let reloaded = Reloaded {
            changes: read.changes,
            warnings: warnings.collect(),
        };
        let (before, after) = (self.held.settings.logging, read.loaded.settings.logging);
        // The line is for whoever saw the log before, and for whoever sees it after.
        if is_quieter(after, before) {
            tell(&reloaded);
            self.filter.apply(after);
        } else {
            self.filter.apply(after);
            tell(&reloaded);
        }
        self.files = read.files;
        self.tls = read.tls;
        self.held = Arc::new(read.loaded);
        Ok(reloaded)
    }

    /// What the sources say now, if a server may go by it.
    async fn read(&self) -> Result<Read, String> {
        let (cli, held) = (self.cli.clone(), Arc::clone(&self.held));
        let reading = tokio::task::spawn_blocking(move || read(&cli, &held));
        let read = match tokio::time::timeout(READING, reading).await {
            Ok(Ok(read)) => read.map_err(|error| error.to_string())?,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(format!("the files were not read within {READING:?}")),
        };
        let gone = self.files.iter().find(|name| !read.files.contains(name));
        // An editor may be between taking the old file away and putting the new one there.
        let gone = gone.map(|name| format!("{name} is gone; leave an empty one if that is meant"));
        let reasons = read.loaded.reasons_to_stop(self.cli.strict);
        let reasons: Vec<String> = reasons.into_iter().chain(gone).collect();
        if reasons.is_empty() {
            Ok(read)
        } else {
            Err(reasons.join("; "))
        }
    }

    /// Takes in the TLS files if they have changed. A pair that cannot be used, one half of which
    /// is still to be written for instance, leaves the old one.
    pub(crate) fn look_at_tls(&mut self, running: &Running) {
        let now = stamps(&self.held.settings);
        if now == self.tls {
            return;
        }
        self.tls = now;
        match running.reload_tls(&self.held.settings) {
            Ok(()) => {
                tracing::info!("the TLS files have changed: new connections get the new ones");
            }
            Err(error) => tracing::warn!("{error}; the certificate that was loaded stays"),
        }
    }
}

fn read(cli: &Cli, held: &Loaded) -> std::io::Result<Read> {
    let files = cli.files();
    let names = files.names();
    let sources = cli.sources(environment(), files);
    let (mut loaded, changes) = Settings::reload(&sources, held);
    let keys = &mut loaded.settings.api;
    if keys.wants_development_key && held.settings.api.wants_development_key {
        // The one that was made at the start.
        keys.keys.clone_from(&held.settings.api.keys);
    } else {
        crate::development::add_key(&mut loaded)?;
    }
    Ok(Read {
        files: names,
        tls: stamps(&loaded.settings),
        loaded,
        changes,
    })
}

fn refused(detail: String) -> Refusal {
    Refusal::ReloadRefused { detail }
}

fn is_quieter(logging: Logging, than: Logging) -> bool {
    let rank = |logging: Logging| (!logging.debug, logging.level);
    rank(logging) > rank(than)
}

fn tell(reloaded: &Reloaded) {
    let count = reloaded.changes.len();
    tracing::info!("the settings are read anew: {count} changed");
    for change in &reloaded.changes {
        match change.reload {
            Reload::Live => tracing::info!("{change}"),
            Reload::NewSessions => tracing::info!("{change} (for new sessions)"),
            Reload::Restart => tracing::warn!("{change} (after a restart; the old value holds)"),
        }
    }
    for warning in &reloaded.warnings {
        tracing::warn!("{warning}");
    }
}

/// What a file looks like from outside. A secret that Kubernetes swaps is another file each time.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
    number: u64,
}

/// Certificate and key; `None`: it cannot be looked at.
type Stamps = [Option<Stamp>; 2];

fn stamps(settings: &Settings) -> Option<Stamps> {
    let TlsFiles { cert, key } = settings.listen.tls.as_ref()?;
    Some([stamp(cert), stamp(key)])
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some(Stamp {
        modified: file.modified().ok(),
        size: file.len(),
        number: file.ino(),
    })
}
