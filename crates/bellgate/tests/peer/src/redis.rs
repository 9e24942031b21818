//! A Redis of a test's own: `redis-server` on a unix socket, which no two tests can want both.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use redis::{Cmd, Connection, FromRedisValue};
use tempfile::TempDir;

use crate::eventually;

/// A running `redis-server`, killed when dropped.
pub struct RedisServer {
    folder: TempDir,
    options: Vec<String>,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts one that keeps nothing on disk, with these options besides (`--name`, `value`).
    pub async fn start(options: &[&str]) -> Self {
        let mut server = Self::absent(options);
        server.revive().await;
        server
    }

    /// One that is not there yet.
    pub fn absent(options: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder for the socket"),
            options: options.iter().map(|&option| option.to_owned()).collect(),
            child: None,
        }
    }

    /// Starts it, again at the same place and empty.
    pub async fn revive(&mut self) {
        let socket = self.socket();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(&socket)
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        self.child = Some(child);
        eventually("redis-server to answer", async || {
            let answer = self
                .connection()
                .and_then(|mut to| redis::cmd("PING").exec(&mut to));
            answer.is_ok()
        })
        .await;
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; the socket file must go in any case.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_file(self.socket());
    }

    /// Where it is, as a setting says it.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// The path of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Has it do something.
    pub fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        let mut connection = self.connection().expect("it runs");
        command.query(&mut connection).expect("it does so")
    }

    fn connection(&self) -> redis::RedisResult<Connection> {
        redis::Client::open(self.url())?.get_connection()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
