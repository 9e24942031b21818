//! TLS in the server itself, with a certificate made for the test.

use std::path::Path;
use std::sync::Arc;

use bellgate_peer::{Client, Over, Reach, shard_of};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::Program;

/// A folder with `cert.pem` and `key.pem`, and what a client needs to trust them.
fn certificate() -> (TempDir, Arc<ClientConfig>) {
    let folder = tempfile::tempdir().unwrap();
    let made = certificate_in(folder.path());
    (folder, trusting(made))
}

/// Writes `cert.pem` and `key.pem`; the certificate.
pub(crate) fn certificate_in(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    let key = made.signing_key.serialize_pem();
    std::fs::write(folder.join("key.pem"), key).unwrap();
    made.cert.der().clone()
}

pub(crate) fn trusting(cert: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(cert).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// A server that speaks TLS, and the way to it.
async fn start() -> (Program, Reach) {
    let (folder, config) = certificate();
    let settings = [
        ("SOCKETIO_TLS_CERT", "cert.pem"),
        ("SOCKETIO_TLS_KEY", "key.pem"),
        ("BELLGATE_API_KEYS", "test:secret:emit"),
    ];
    let server = Program::start_in(folder, &settings).await;
    let reach = Reach::tls(server.reach.addr(), config);
    (server, reach)
}

#[tokio::test]
async fn the_server_names_itself_with_https() {
    let (server, reach) = start().await;
    let bound = server.told("listening on ").await;
    assert!(bound.starts_with("https://127.0.0.1:"), "{bound}");
    assert!(reach.get("/healthz").send().await.is_ok());
}

#[tokio::test]
async fn a_broadcast_reaches_both_transports_and_upgraded_sessions_on_each_shard() {
    let (_server, reach) = start().await;
    let (mut clients, mut shards) = (Vec::new(), std::collections::BTreeSet::new());
    for n in 0..18 {
        let over = if n % 3 == 0 {
            Over::Websocket
        } else {
            Over::Polling
        };
        let mut client = Client::join(&reach, over, &Value::Null).await;
        if n % 3 == 1 {
            client.engine.upgrade().await;
        }
        shards.insert(shard_of(&client.engine.sid));
        clients.push(client);
    }
    assert_eq!(shards.len(), 2, "the kernel spreads connections");
    // More than one TLS record, more than rustls holds for a socket that takes nothing.
    let big = "é".repeat(100_000);
    for text in ["short", &big] {
        let emit = json!({"event": "news", "args": [text], "to": {"all": true}});
        let post = reach.post("/api/v1/emit").bearer("secret").json(&emit);
        assert_eq!(post.send().await.json(), json!({"online": 18}));
        for client in &mut clients {
            assert_eq!(client.heard().await, ("news".into(), vec![json!(text)]));
        }
    }
    for client in &mut clients {
        client.engine.close().await;
    }
}

#[tokio::test]
async fn messages_of_clients_arrive_whole_over_tls() {
    let (_server, reach) = start().await;
    let big = "x".repeat(300_000);
    for over in Over::BOTH {
        let mut client = Client::join(&reach, over, &Value::Null).await;
        // The binary has no handlers: the answer proves that the whole event was read.
        let answer = client.call(&json!(["nobody", big])).await;
        assert_eq!(answer[0]["error"], "events_unavailable");
    }
}

#[tokio::test]
async fn plain_http_gets_no_answer_and_does_no_harm() {
    let (server, reach) = start().await;
    for _ in 0..10 {
        assert!(server.reach.get("/healthz").attempt().await.is_err());
    }
    assert!(reach.get("/healthz").send().await.is_ok());
}
