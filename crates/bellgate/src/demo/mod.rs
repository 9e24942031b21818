//! `bellgate demo`: a page on one origin, a gateway on another, and nothing to set up.
//!
//! The page plays the web application: it logs made-up people in with sessions as Flask signs them,
//! publishes over the gateway's HTTP API, and shows what the stock client of its visitors sees. [`gateway`] is the server that
//! it talks to, [`web`] its own, [`people`] who may log in, [`assets`] the files of the page.
//!
//! A second page is on an origin that is not on the list: [`site`] serves it, [`recent`] keeps the
//! log's lines about it, and [`origins`] lets the list be edited.

mod assets;
mod gateway;
mod listen;
mod origins;
mod people;
mod publish;
mod recent;
mod settings;
mod site;
mod web;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use bellgate::cli::Status;
use bellgate::config::Loaded;
use tokio::sync::mpsc;

use crate::serve::Signals;
use gateway::Gateway;
use origins::Origins;
use people::Logins;
use site::Site;
use web::{Page, Wish};

pub(crate) use recent::Recent;

/// Where a page is that was forgotten in the list: the port of Vite's development server.
const ELSEWHERE: u16 = 5173;

/// Runs the demo until told to stop; the exit status. `recent` hears the log already.
pub(crate) async fn run(loaded: Loaded, recent: Recent) -> io::Result<ExitCode> {
    let signals = Signals::new()?;
    let prepared = match settings::prepare(loaded) {
        Ok(prepared) => prepared,
        Err(why) => return Ok(unusable(&why)),
    };
    let port = prepared.settings.app.flask_port;
    let listeners = match listen::loopback(port).await {
        Ok(listeners) => listeners,
        Err(why) => return Ok(unusable(&why)),
    };
    let logins = Logins::of(&prepared.settings);
    let origins = Origins::of(&prepared.settings);
    let gateway = match Gateway::start(prepared.settings).await {
        Ok(gateway) => gateway,
        Err(error) => return Ok(unusable(&error.to_string())),
    };
    // The last to be bound: it takes what the others leave.
    let (other, other_listeners) = match listen::loopback_near(ELSEWHERE).await {
        Ok(bound) => bound,
        Err(why) => return Ok(unusable(&why)),
    };
    let (wish, wishes) = mpsc::channel(8);
    let page = Page::new(port, other, &gateway, logins, &prepared.key, recent, wish);
    banner(&page, &prepared.key)?;
    for listener in listeners {
        web::serve(listener, web::routes(page.clone()));
    }
    let site = Site::new(other, port, &gateway);
    for listener in other_listeners {
        web::serve(listener, site::routes(site.clone()));
    }
    fulfil(wishes, &origins, gateway, signals).await
}

/// Does what the page wishes, until a signal ends it.
async fn fulfil(
    mut wishes: mpsc::Receiver<Wish>,
    origins: &Origins,
    mut gateway: Gateway,
    mut signals: Signals,
) -> io::Result<ExitCode> {
    loop {
        let wish = tokio::select! {
            () = signals.next() => break,
            Some(wish) = wishes.recv() => wish,
        };
        // A page that left while it waited needs no answer.
        match wish {
            Wish::Origins((wish, done)) => {
                let _ = done.send(origins.answer(wish, &mut gateway));
            }
            Wish::Restart(done) => {
                gateway = match gateway.restart().await {
                    Ok(gateway) => gateway,
                    Err(error) => return Ok(unusable(&error.to_string())),
                };
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
        tracing::info!(
            "the page is at {}, one of another origin at {}",
            page.url(),
            page.other()
        );
        return Ok(());
    }
    writeln!(out, "Bellgate {} demo\n", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  Open this page   {}", page.url())?;
    writeln!(out, "  It connects to   {}", page.gateway())?;
    writeln!(out, "  Another origin   {}", page.other())?;
    writeln!(out, "  API key          {key}  (of this run)\n")?;
    writeln!(out, "  Ctrl-C ends it.\n")?;
    out.flush()
}
