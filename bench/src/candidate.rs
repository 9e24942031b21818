//! The servers that are measured side by side, and how each is started.

use std::path::{Path, PathBuf};

/// A server to measure.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name in the table.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Its arguments before the port.
    pub before: Vec<String>,
    /// Its arguments behind the port.
    pub after: Vec<String>,
    /// Which part of the work it is given, for one that is slow: 10 is a tenth.
    pub part: usize,
    /// What it can do beyond `echo` and `bcast`.
    pub can: &'static [Can],
}

/// What not every server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Can {
    /// `enter` and `tell`.
    Rooms,
    /// HTTP polling, and the upgrade from it.
    Poll,
    /// A user in the payload of CONNECT, and `notify`.
    Users,
    /// Bellgate's settings as further arguments: `NAME=VALUE`.
    Settings,
}

impl Candidate {
    fn new(name: &'static str, program: PathBuf) -> Self {
        Self {
            name,
            program,
            before: Vec::new(),
            after: Vec::new(),
            part: 1,
            can: &[Can::Rooms, Can::Poll],
        }
    }
}

/// The limit and Bellgate; their programs stand in `folder`.
pub fn ours(folder: &Path) -> Vec<Candidate> {
    let limit = || folder.join("limit");
    vec![
        Candidate {
            after: vec!["--hold".to_owned()],
            can: &[Can::Rooms],
            ..Candidate::new("limit", limit())
        },
        Candidate {
            can: &[Can::Rooms],
            ..Candidate::new("limit, no hold", limit())
        },
        Candidate {
            can: &[Can::Rooms, Can::Poll, Can::Users, Can::Settings],
            ..Candidate::new("bellgate", folder.join("target"))
        },
    ]
}

/// Other people's servers, as `cargo xtask bench --peers` installs them in `folder`. Those in Go are
/// left out where they were not built, which the installer tells.
pub fn peers(folder: &Path) -> Vec<Candidate> {
    let script = |path: &str| vec![folder.join(path).display().to_string()];
    let python = || folder.join("python/.venv/bin/python");
    let mut peers = vec![
        Candidate::new(
            "socketioxide",
            folder.join("socketioxide/target/release/peer"),
        ),
        Candidate {
            before: script("bun/server.js"),
            part: 2,
            ..Candidate::new("socket.io, Bun", folder.join("bun/node_modules/.bin/bun"))
        },
        Candidate {
            before: script("node/server.js"),
            part: 2,
            ..Candidate::new("socket.io, Node", "node".into())
        },
        Candidate {
            part: 4,
            ..Candidate::new("socket.io, Go", folder.join("go/bin/socketio"))
        },
        Candidate {
            before: script("python/server.py"),
            part: 10,
            ..Candidate::new("python-socketio", python())
        },
        Candidate {
            before: script("python/flask_server.py"),
            part: 10,
            ..Candidate::new("Flask-SocketIO", python())
        },
    ];
    let in_go = folder.join("go");
    peers.retain(|peer| !peer.program.starts_with(&in_go) || peer.program.is_file());
    peers
}
