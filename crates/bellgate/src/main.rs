//! The `bellgate` binary: a program on the library face.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use bellgate::cli::{self, Cli, Command, Status};
use bellgate::config::{Loaded, Settings, environment};

mod demo;
mod development;
mod log;
mod reload;
mod serve;

use reload::Reloader;

/// Gives the memory of a crowd that is gone back to the system (docs/decisions/0010).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = cli::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    run(&cli).unwrap_or_else(|error| {
        // A closed pipe behind `bellgate config | head` is no fault.
        if error.kind() == io::ErrorKind::BrokenPipe {
            Status::Fine
        } else {
            tell(&error)
        }
        .into()
    })
}

fn tell(error: &io::Error) -> Status {
    eprintln!("error: {error}");
    Status::Finding
}

fn run(cli: &Cli) -> io::Result<ExitCode> {
    let files = cli.files();
    let names = files.names();
    let loaded = Settings::load(&cli.sources(environment(), files));
    if let Some(status) = cli.answer(&loaded, &mut io::stdout().lock(), &mut io::stderr().lock())? {
        return Ok(status.into());
    }
    if loaded.must_stop(cli.strict) {
        cli::tell(&loaded, &mut io::stderr().lock())?;
        return Ok(Status::Unusable.into());
    }
    let is_demo = matches!(cli.command, Command::Demo);
    let recent = demo::Recent::default();
    let filter = log::init(loaded.settings.logging, is_demo.then_some(&recent));
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = match cli.command {
        Command::Demo => runtime.block_on(demo::run(loaded, recent)),
        _ => runtime.block_on(serve::run(loaded, |loaded| {
            Reloader::new(cli.clone(), names, loaded, filter)
        })),
    };
    // A file that is still being read, a pipe for instance, must not keep the process.
    runtime.shutdown_background();
    ended
}

/// Says where the server is, on a terminal only: in a log the lines of the log say it.
fn banner(loaded: &Loaded, running: &bellgate::Running) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !out.is_terminal() {
        return Ok(());
    }
    writeln!(out, "Bellgate {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  listening on  {}", running.bound().join(", "))?;
    writeln!(
        out,
        "  pages at      {}",
        loaded.admitted_origins().join(", ")
    )?;
    if let Some(admin) = running.admin() {
        writeln!(out, "  metrics at    http://{admin}/metrics")?;
    }
    out.flush()
}
