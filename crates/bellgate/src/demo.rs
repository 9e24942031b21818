//! `bellgate demo`.

use std::io;
use std::process::ExitCode;

use bellgate::config::Loaded;

/// Runs the demo.
pub(crate) async fn run(loaded: Loaded) -> io::Result<ExitCode> {
    crate::serve::run(loaded).await
}
