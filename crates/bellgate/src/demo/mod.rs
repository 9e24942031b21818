//! `bellgate demo`: a page on one origin, a gateway on another, and nothing to set up.
//!
//! The page plays the web application: it logs made-up people in, publishes over the gateway's
//! HTTP API, and shows what the stock client of its visitors sees. [`gateway`] is the server that
//! it talks to, [`web`] its own, [`people`] who may log in, [`assets`] the files of the page.

mod assets;
mod gateway;
mod listen;
mod people;
mod publish;
mod settings;
mod web;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use bellgate::cli::Status;
use bellgate::config::Loaded;
use tokio::sync::mpsc;

use crate::serve::Signals;
use gateway::Gateway;
use people::Logins;
use web::{Page, Restart};

/// Runs the demo until told to stop; the exit status.
pub(crate) async fn run(loaded: Loaded) -> io::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let prepared = match settings::prepare(loaded) {
        Ok(prepared) => prepared,
        Err(why) => return Ok(unusable(&why)),
    };
    let port = prepared.settings.app.flask_port;
    let listeners = match listen::loopback(port).await {
        Ok(listeners) => listeners,
        Err(why) => return Ok(unusable(&why)),
    };
    let logins = Arc::new(Logins::default());
    let started = Gateway::start(prepared.settings, Arc::clone(&logins)).await;
    let mut gateway = match started {
        Ok(gateway) => gateway,
        Err(error) => return Ok(unusable(&error.to_string())),
    };
    let (restart, mut restarts) = mpsc::channel::<Restart>(8);
    let page = Page::new(port, &gateway, logins, prepared.key.clone(), restart);
    banner(&page, &prepared.key)?;
    for listener in listeners {
        web::serve(listener, page.clone());
    }
    loop {
        tokio::select! {
            () = signals.next() => break,
            Some(done) = restarts.recv() => {
                gateway = match gateway.restart().await {
                    Ok(gateway) => gateway,
                    Err(error) => return Ok(unusable(&error.to_string())),
                };
                // A page that left while it waited needs no answer.
                let _ = done.send(());
            }
        }
    }
    gateway.shut_down(signals).await;
    Ok(Status::Fine.into())
}

fn unusable(why: &str) -> ExitCode {
    tracing::error!("{why}");
    Status::Unusable.into()
}

/// Says where the page is: on a terminal to whoever started the demo, else to the log.
fn banner(page: &Page, key: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !out.is_terminal() {
        tracing::info!("the page is at {}", page.url());
        return Ok(());
    }
    writeln!(out, "Bellgate {} demo\n", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  Open this page   {}", page.url())?;
    writeln!(out, "  It connects to   {}", page.gateway())?;
    writeln!(out, "  API key          {key}  (of this run)\n")?;
    writeln!(out, "  Ctrl-C ends it.\n")?;
    out.flush()
}
