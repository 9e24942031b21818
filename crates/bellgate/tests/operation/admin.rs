//! The operator's listener: for its own address alone.

use bellgate_peer::Reach;

use crate::program::Program;

async fn status(admin: &Reach, headers: &[(&str, &str)]) -> (u16, String) {
    let request = admin.get("/metrics");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    let answer = request.send().await;
    let code = match answer.status() {
        200 => String::new(),
        _ => answer.json()["error"].as_str().unwrap().to_owned(),
    };
    (answer.status(), code)
}

#[tokio::test]
async fn it_answers_only_hosts_of_its_own_address() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let port = admin.addr().port();
    for host in ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"] {
        let host = format!("{host}:{port}");
        assert_eq!(
            status(&admin, &[("Host", &host)]).await,
            (200, String::new()),
            "{host}"
        );
    }
    let elsewhere = format!("evil.example:{port}");
    let dot = format!("localhost.:{port}");
    let forged = format!("localhost:{port}@evil.example");
    for host in ["localhost", "localhost:1", "", &elsewhere, &dot, &forged] {
        let refused = status(&admin, &[("Host", host)]).await;
        assert_eq!(refused, (421, "host_misdirected".into()), "{host}");
    }
}

#[tokio::test]
async fn it_refuses_pages_of_other_origins() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let own = format!("http://{}", admin.addr());
    assert_eq!(status(&admin, &[("Origin", &own)]).await.0, 200);
    for site in ["same-origin", "none"] {
        assert_eq!(
            status(&admin, &[("Sec-Fetch-Site", site)]).await.0,
            200,
            "{site}"
        );
    }
    let other_name = format!("http://localhost:{}", admin.addr().port());
    let refused = [
        ("Origin", "http://localhost:5000"),
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", &other_name),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ];
    for header in refused {
        let answered = status(&admin, &[header]).await;
        assert_eq!(answered, (403, "admin_cross_site".into()), "{header:?}");
    }
}

#[tokio::test]
async fn it_asks_for_a_key_in_production() {
    let settings = [
        ("BELLGATE_ENV", "production"),
        ("BELLGATE_API_KEYS", "ops:reader:read,app:publisher:publish"),
    ];
    let server = Program::start(&settings).await;
    let admin = server.admin().await;
    assert_eq!(status(&admin, &[]).await, (401, "api_key_invalid".into()));
    let publisher = ("Authorization", "Bearer publisher");
    assert_eq!(
        status(&admin, &[publisher]).await,
        (403, "api_key_scope".into())
    );
    assert_eq!(
        status(&admin, &[("Authorization", "Bearer reader")])
            .await
            .0,
        200
    );
    assert!(
        admin.get("/healthz").send().await.is_ok(),
        "probes need no key"
    );
}

#[tokio::test]
async fn each_listener_has_its_own_paths() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    assert_eq!(server.reach.get("/metrics").send().await.status(), 404);
    let nothing = admin
        .get("/socket.io/?EIO=4&transport=polling")
        .send()
        .await;
    assert_eq!(nothing.status(), 404);
    assert_eq!(nothing.header("content-type"), "application/problem+json");
    assert!(admin.get("/readyz").send().await.is_ok());
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let server = Program::start(&[("BELLGATE_ADMIN_ADDR", "off")]).await;
    assert!(server.reach.get("/healthz").send().await.is_ok());
    let told = server.log();
    let is_told = |line: &serde_json::Value| line["message"].to_string().contains("metrics at");
    assert!(!told.iter().any(is_told), "{told:?}");
}
