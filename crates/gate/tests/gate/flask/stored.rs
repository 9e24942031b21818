//! Flask-Session: ids, and what a store may hold.

use bellgate_gate::flask::{Fault, STORED_BYTES, Session, StoredSessions, Value};

use xtask::signing::{SECRET, sha1_mac, signed};

fn read(value: &[u8]) -> Result<Option<Session>, Fault> {
    StoredSessions::new("session:", None).read("id", value)
}

#[test]
fn both_formats_are_read_whichever_is_configured() {
    for value in [&b"\x81\xa1a\x01"[..], br#"{"a":1}"#] {
        let session = read(value).unwrap().unwrap();
        assert_eq!(session.get("a"), Some(&Value::Int(1)));
        assert_eq!(session.expires_at(), None);
    }
}

#[test]
fn a_pickle_is_told_apart_and_never_decoded() {
    for protocol in 2..=5 {
        assert_eq!(read(&[0x80, protocol, b'}', b'.']), Err(Fault::Pickle));
    }
    // Protocol 0, what `cos\nsystem\n(S'id'\ntR.` begins with.
    assert!(matches!(
        read(b"cos\nsystem\n(S'id'\ntR."),
        Err(Fault::Content(_))
    ));
    assert!(read(&[0x80]).unwrap().is_some(), "an empty map is one byte");
}

#[test]
fn what_is_no_map_is_no_session() {
    assert_eq!(read(b""), Ok(None));
    assert_eq!(read(b"\xc0"), Ok(None));
    assert_eq!(read(b"null"), Ok(None));
    // The byte that msgpack never uses.
    assert_eq!(read(b"\xc1"), Ok(None));
    assert!(read(b"\xc1\xc1").is_err());
    for bad in [
        &b"\x05"[..],
        b"\x92\x01\x02",
        b"[]",
        b"\x81\xa1a",
        b"\x81\xa1a\x01\x00",
        b"{",
    ] {
        assert!(matches!(read(bad), Err(Fault::Content(_))), "{bad:?}");
    }
    assert!(
        read(b"\x81\xa1\xff\x01").is_err(),
        "a key that is not UTF-8"
    );
    assert!(
        read(b"\x81\xa1a\xa1\xff").is_err(),
        "a text that is not UTF-8"
    );
}

#[test]
fn announced_lengths_and_depth_are_not_believed() {
    for bomb in [
        &b"\xdf\xff\xff\xff\xff"[..],
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff\x00",
        b"\xc9\xff\xff\xff\xff\xff",
    ] {
        assert!(read(bomb).is_err(), "{bomb:?}");
    }
    let nested = |depth: usize| [&b"\x81\xa1a"[..], &vec![0x91; depth], b"\xc0"].concat();
    assert!(read(&nested(100)).is_ok());
    assert!(read(&nested(200)).is_err());
    assert!(read(&nested(500_000)).is_err());
    assert_eq!(
        read(&vec![0x91; STORED_BYTES + 1]),
        Err(Fault::TooLong {
            limit: STORED_BYTES
        })
    );
}

#[test]
fn keys_that_are_no_text_never_become_a_name_that_matters() {
    // b"_user_id" as bytes, then 5 as an integer.
    let session = read(b"\x82\xc4\x08_user_id\xa17\x05\xa1x")
        .unwrap()
        .unwrap();
    assert_eq!(session.get("_user_id"), None);
    assert_eq!(session.get("5"), Some(&Value::Text("x".to_owned())));
}

#[test]
fn an_id_is_checked_before_it_becomes_part_of_a_key() {
    let sessions = StoredSessions::new("app:", None);
    let id = "u7QCAz2Zr3qvLg4qVqVef86h0ykOupoKxqn5Vhaw-5g";
    assert_eq!(
        sessions.id(id).map(|id| sessions.key(id)),
        Ok(format!("app:{id}"))
    );
    assert!(sessions.id("c1548aa9-91ab-421b-a4b3-26c4a0381a64").is_ok());
    for bad in [
        "",
        "*",
        "a b",
        "a\r\nFLUSHALL",
        "a:b",
        "../x",
        "\u{e9}",
        "a.b",
        "a\0",
    ] {
        assert_eq!(sessions.id(bad), Err(Fault::Malformed), "{bad:?}");
    }
    assert!(sessions.id(&"a".repeat(256)).is_ok());
    assert_eq!(
        sessions.id(&"a".repeat(257)),
        Err(Fault::TooLong { limit: 256 })
    );
}

#[test]
fn a_signed_id_needs_its_signature_and_an_unsigned_one_must_have_none() {
    let key = sha1_mac(SECRET.as_bytes(), b"flask-session");
    let cookie = signed(&key, "some-id");
    let signing = StoredSessions::new("", Some(SECRET.as_bytes()));
    assert_eq!(signing.id(&cookie), Ok("some-id"));
    assert_eq!(signing.id("some-id"), Err(Fault::Malformed));
    assert_eq!(signing.id(&format!("x{cookie}")), Err(Fault::Signature));
    assert!(StoredSessions::new("", None).id(&cookie).is_err());
}
