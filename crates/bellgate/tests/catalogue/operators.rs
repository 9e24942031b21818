//! The HTTP API and the operator's listener.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use bellgate_peer::{Reach, Request, eventually};
use serde_json::json;

use crate::lab::{KEY, Lab, told};

const EMIT: &str = "/api/v1/emit";

/// What a request is answered with.
async fn asked(request: impl FnOnce(&Reach) -> Request) -> String {
    let lab = Lab::start(&[]).await;
    told(&request(&lab.reach).send().await)
}

pub(crate) async fn no_key() -> String {
    asked(|api| api.post(EMIT).json(&json!({}))).await
}

pub(crate) async fn a_key_that_may_do_less() -> String {
    asked(|api| api.post(EMIT).bearer("key-that-reads").json(&json!({}))).await
}

pub(crate) async fn a_path_that_there_is_not() -> String {
    asked(|api| api.get("/api/v1/nothing")).await
}

pub(crate) async fn a_method_that_a_path_has_not() -> String {
    asked(|api| api.get(EMIT)).await
}

pub(crate) async fn a_body_of_another_type() -> String {
    asked(|api| api.post(EMIT).bearer(KEY).body("event=x")).await
}

pub(crate) async fn a_body_that_is_no_json() -> String {
    let declared = ("Content-Type", "application/json");
    asked(|api| {
        api.post(EMIT)
            .bearer(KEY)
            .header(declared.0, declared.1)
            .body("{")
    })
    .await
}

pub(crate) async fn a_field_that_there_is_not() -> String {
    asked(|api| api.post(EMIT).bearer(KEY).json(&json!({"happening": "x"}))).await
}

/// What the operator's listener answers to a request with this header.
async fn operator(name: &str, value: &str) -> String {
    let lab = Lab::start(&[]).await;
    let request = lab.admin().get("/metrics").header(name, value);
    told(&request.send().await)
}

pub(crate) async fn another_name_for_the_operators_listener() -> String {
    operator("Host", "rebound.example").await
}

pub(crate) async fn a_page_that_asks_the_operators_listener() -> String {
    operator("Origin", "http://evil.example").await
}

/// The program itself: what a server in a test's process is told of a reload is that test's own.
struct Program(Child);

impl Program {
    /// Starts one in this folder, with the operator's listener at this place.
    fn start(folder: &Path, admin: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_bellgate"))
            .current_dir(folder)
            .env_clear()
            .env("SOCKETIO_PORT", "0")
            .env("BELLGATE_ADMIN_ADDR", admin)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Nothing is lost where it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) async fn settings_that_cannot_be_read() -> String {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("unix:{}/admin.sock", folder.path().display());
    let _program = Program::start(folder.path(), &url);
    let admin = Reach::url(&url);
    eventually("the operator's listener", async || {
        admin.get("/healthz").attempt().await.is_ok()
    })
    .await;
    std::fs::write(folder.path().join("bellgate.toml"), "flask_port = \n").unwrap();
    told(&admin.post("/admin/reload").send().await)
}
