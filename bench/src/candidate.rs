//! The servers that are measured side by side, and how each is started.

use std::fs;
use std::path::{Path, PathBuf};

use crate::wire::Dialect;

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
    /// Whether it compiles its code as it runs, and so is slow at first.
    pub compiles: bool,
    /// What it speaks.
    pub dialect: Dialect,
    /// What it can do beyond `echo` and `bcast`.
    pub can: &'static [Can],
    /// Its version; none for the project's own, whose version is the commit.
    pub version: Option<String>,
}

/// What not every server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Can {
    /// More than 5,000 connections at once, in a time that one waits.
    Many,
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
            compiles: false,
            dialect: Dialect::SocketIo,
            can: &[Can::Rooms, Can::Poll],
            version: None,
        }
    }

    /// With the versions that the list `file` of the peers' folder pins for these packages.
    fn pinned(mut self, folder: &Path, file: &str, packages: &[&str]) -> Self {
        let list = fs::read_to_string(folder.join(file)).unwrap_or_default();
        let versions = packages.iter().map(|package| {
            let version = version(&list, package).unwrap_or("of no known version");
            format!("{package} {version}")
        });
        self.version = Some(versions.collect::<Vec<_>>().join(", "));
        self
    }
}

/// The version of a package in a list of any of the kinds that are here: `package.json`, `Cargo.toml`,
/// `go.mod`, `requirements.txt`. All have a package's name and its version on one line.
fn version<'a>(list: &'a str, package: &str) -> Option<&'a str> {
    let is_mark = |letter: char| " \t\"=:,^".contains(letter);
    list.lines().find_map(|line| {
        let rest = line.trim_start_matches(is_mark).strip_prefix(package)?;
        let version = rest.strip_prefix(is_mark)?.trim_matches(is_mark);
        version.split(' ').next()
    })
}

/// The limit and Bellgate, side by side where no more than two may be; their programs stand in `folder`.
pub fn ours(folder: &Path) -> Vec<Candidate> {
    let limit = || folder.join("limit");
    vec![
        Candidate {
            after: vec!["--hold".to_owned()],
            can: &[Can::Many, Can::Rooms],
            ..Candidate::new("limit", limit())
        },
        Candidate {
            can: &[Can::Many, Can::Rooms, Can::Poll, Can::Users, Can::Settings],
            ..Candidate::new("bellgate", folder.join("target"))
        },
        Candidate {
            can: &[Can::Many, Can::Rooms],
            ..Candidate::new("limit, no hold", limit())
        },
    ]
}

/// Other people's servers, as `cargo xtask bench` installs them in `folder`. Those in Go are
/// left out where they were not built, which the installer tells.
pub fn peers(folder: &Path) -> Vec<Candidate> {
    let script = |path: &str| vec![folder.join(path).display().to_string()];
    let python = || folder.join("python/.venv/bin/python");
    let node = |own: &'static str, file: &str, packages: &[&str], program: PathBuf| Candidate {
        before: script(file),
        compiles: true,
        ..Candidate::new(own, program).pinned(
            folder,
            &file.replace("server.js", "package.json"),
            packages,
        )
    };
    let python = |own: &'static str, file: &str, packages: &[&str]| Candidate {
        before: script(file),
        ..Candidate::new(own, python()).pinned(folder, "python/requirements.txt", packages)
    };
    let mut peers = vec![
        Candidate {
            can: &[Can::Many, Can::Rooms, Can::Poll],
            ..Candidate::new(
                "socketioxide",
                folder.join("socketioxide/target/release/peer"),
            )
            .pinned(folder, "socketioxide/Cargo.toml", &["socketioxide"])
        },
        node(
            "socket.io, Bun",
            "bun/server.js",
            &["socket.io", "@socket.io/bun-engine", "bun"],
            folder.join("bun/node_modules/.bin/bun"),
        ),
        node(
            "socket.io, Node",
            "node/server.js",
            &["socket.io", "bufferutil"],
            "node".into(),
        ),
        Candidate::new("socket.io, Go", folder.join("go/bin/socketio")).pinned(
            folder,
            "go/go.mod",
            &["github.com/zishang520/socket.io/v2"],
        ),
        Candidate {
            dialect: Dialect::Centrifuge,
            can: &[Can::Many],
            ..Candidate::new("centrifuge", folder.join("go/bin/centrifuge")).pinned(
                folder,
                "go/go.mod",
                &["github.com/centrifugal/centrifuge"],
            )
        },
        python(
            "python-socketio",
            "python/server.py",
            &["python-socketio", "uvicorn"],
        ),
        python(
            "Flask-SocketIO",
            "python/flask_server.py",
            &["Flask-SocketIO", "gevent"],
        ),
    ];
    let in_go = folder.join("go");
    peers.retain(|peer| !peer.program.starts_with(&in_go) || peer.program.is_file());
    peers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_kind_of_list() {
        for (list, package, wanted) in [
            (
                "{\n  \"bun-engine\": \"0.1.2\",\n  \"bun\": \"1.4.5\"\n}",
                "bun",
                "1.4.5",
            ),
            (
                "name = \"peer\"\nsocketioxide = \"=0.18.3\"\n",
                "socketioxide",
                "0.18.3",
            ),
            (
                "\tgithub.com/a/b/v2 v2.5.0 // indirect\n",
                "github.com/a/b/v2",
                "v2.5.0",
            ),
            (
                "gevent-websocket==0.10.1\ngevent==26.9.0\n",
                "gevent",
                "26.9.0",
            ),
        ] {
            assert_eq!(version(list, package), Some(wanted), "{list}");
        }
        assert_eq!(version("gevent-websocket==0.10.1", "gevent"), None);
    }
}
