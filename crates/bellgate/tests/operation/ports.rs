//! Addresses that are taken.

use bellgate_peer::Reach;

use crate::program::{Program, run};

#[test]
fn a_taken_port_is_named_and_ends_the_start_with_status_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = run(&["--port", &port, "--admin-addr", "off"], &[]);
    assert_eq!(ended.status, 2);
    let named = format!("127.0.0.1:{port} is taken");
    assert!(ended.err.contains(&named), "{}", ended.err);
}

#[test]
fn a_taken_admin_port_is_named_too() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let ended = run(&["--port", "0", "--admin-addr", &addr], &[]);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains(&addr), "{}", ended.err);
    assert!(ended.err.contains("BELLGATE_ADMIN_ADDR"), "{}", ended.err);
}

#[tokio::test]
async fn a_second_server_on_the_same_port_is_refused_and_takes_no_connection() {
    let first = Program::start(&[]).await;
    let port = first.reach.addr().port().to_string();
    let second = run(&["--port", &port, "--admin-addr", "off"], &[]);
    assert_eq!(second.status, 2);
    assert!(second.err.contains("is taken"), "{}", second.err);
    for _ in 0..20 {
        assert!(first.reach.get("/healthz").send().await.is_ok());
    }
}

#[tokio::test]
async fn a_server_is_reached_on_every_address_of_its_host() {
    let server = Program::start(&[("SOCKETIO_HOST", "localhost")]).await;
    let port = server.reach.addr().port();
    assert!(server.reach.get("/healthz").send().await.is_ok());
    let v6 = Reach::tcp((std::net::Ipv6Addr::LOCALHOST, port).into());
    match v6.get("/healthz").attempt().await {
        Ok(answer) => assert!(answer.is_ok()),
        // A machine without IPv6 has no such address.
        Err(_) => assert!(std::net::TcpListener::bind("[::1]:0").is_err()),
    }
}
