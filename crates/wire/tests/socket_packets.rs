//! Socket.IO packets as clients send them, and every way in which they can be wrong.
//!
//! Numbers S14 to S16 are those of the official suite, "peers 19" and "attack 3" the rows of the
//! peers' own tests and of the table of attacks.

#![expect(clippy::panic, reason = "a helper of tests fails like a test")]

use bellgate_codes::Code;
use bellgate_wire::{Kind, Limits, SocketPacket};

fn read(text: &str) -> SocketPacket<'_> {
    SocketPacket::decode(text, &Limits::default()).unwrap_or_else(|r| panic!("{text}: {r}"))
}

fn code(text: &str) -> Code {
    match SocketPacket::decode(text, &Limits::default()) {
        Ok(packet) => panic!("{text} is read as {packet:?}"),
        Err(refusal) => refusal.code(),
    }
}

fn assert_malformed(texts: &[&str]) {
    for text in texts {
        assert_eq!(code(text), Code::PacketMalformed, "{text}");
    }
}

#[test]
fn every_kind_is_read_with_all_its_parts() {
    let packet = |kind, namespace, id, data| (kind, namespace, id, data);
    let table = [
        ("0", packet(Kind::Connect, "/", None, None)),
        (
            "0{\"token\":\"123\"}",
            packet(Kind::Connect, "/", None, Some("{\"token\":\"123\"}")),
        ),
        ("0/custom,", packet(Kind::Connect, "/custom", None, None)),
        ("0/custom", packet(Kind::Connect, "/custom", None, None)),
        (
            "0/custom,{}",
            packet(Kind::Connect, "/custom", None, Some("{}")),
        ),
        ("1", packet(Kind::Disconnect, "/", None, None)),
        ("1/custom,", packet(Kind::Disconnect, "/custom", None, None)),
        ("2[\"a\"]", packet(Kind::Event, "/", None, Some("[\"a\"]"))),
        (
            "2/b,12[\"a\",1]",
            packet(Kind::Event, "/b", Some(12), Some("[\"a\",1]")),
        ),
        ("2[7]", packet(Kind::Event, "/", None, Some("[7]"))),
        (
            "2 [ \"a\" ] ",
            packet(Kind::Event, "/", None, Some(" [ \"a\" ] ")),
        ),
        ("30[]", packet(Kind::Ack, "/", Some(0), Some("[]"))),
        ("3/b,9[1]", packet(Kind::Ack, "/b", Some(9), Some("[1]"))),
    ];
    for (text, expected) in table {
        let packet = read(text);
        let found = (packet.kind, packet.namespace, packet.id, packet.data);
        assert_eq!((found, packet.attachments), (expected, 0), "{text}");
    }
}

#[test]
fn binary_kinds_announce_their_attachments() {
    let packet =
        read("52-/b,7[\"a\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]");
    assert_eq!((packet.kind, packet.attachments), (Kind::BinaryEvent, 2));
    assert_eq!((packet.namespace, packet.id), ("/b", Some(7)));
    let packet = read("61-3[{\"_placeholder\":true,\"num\":0}]");
    assert_eq!((packet.kind, packet.attachments), (Kind::BinaryAck, 1));
}

#[test]
fn a_binary_kind_without_attachments_is_the_plain_kind() {
    assert_eq!(read("50-[\"a\"]").kind, Kind::Event);
    assert_eq!(read("60-1[]").kind, Kind::Ack);
}

#[test]
fn a_query_behind_the_namespace_is_cut_off() {
    assert_eq!(read("0/custom?token=1,").namespace, "/custom");
    assert_eq!(read("0/custom?token=1").namespace, "/custom");
    assert_eq!(read("0/?token=1,{}").namespace, "/");
}

#[test]
fn payloads_of_another_form_are_refused() {
    // S14 to S16
    assert_malformed(&["abc", "2{}", "2abc[\"a\"]"]);
    // peers 19
    assert_malformed(&[
        "442[\"a\"",
        "0/admin,\"x\"",
        "1/admin,{}",
        "2{}",
        "2[{}]",
        "2[null]",
        "5",
        "51",
        "5a-",
        "51.23-",
        "999",
    ]);
    // hardening: CONNECT takes an object or nothing
    assert_malformed(&["0[]", "0\"x\"", "0null", "01", "0{", "0{}x"]);
    assert_malformed(&[
        "", "1{}", "1[]", "11", "3[]", "3", "31", "31{}", "2", "2[", "21", "7[]",
    ]);
    assert_malformed(&[
        "5-[\"a\"]",
        "5[\"a\"]",
        "5+1-[\"a\"]",
        "5 1-[\"a\"]",
        "6-1[]",
    ]);
}

#[test]
fn a_client_may_not_refuse_a_namespace() {
    assert_malformed(&["4", "4{}", "4/admin,{\"message\":\"x\"}"]);
}

/// Attack 3 (CVE-2023-32695, CVE-2024-38355), with the reserved list of socket.io 4.8.
#[test]
fn names_that_mean_something_else_are_refused() {
    assert_malformed(&[
        "2[{\"toString\":\"x\"}]",
        "2[]",
        "2[null]",
        "2[true]",
        "2[[\"a\"]]",
    ]);
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        assert_eq!(code(&format!("2[\"{name}\"]")), Code::PacketMalformed);
        assert_eq!(code(&format!("51-[\"{name}\"]")), Code::PacketMalformed);
    }
    // Written with escapes it is still the same name.
    assert_malformed(&["2[\"\\u0063onnect\"]"]);
    // socket.io 4.8 lets these through, and JavaScript's own names mean nothing here.
    for name in [
        "error",
        "Connect",
        "__proto__",
        "constructor",
        "toString",
        "",
    ] {
        assert_eq!(read(&format!("2[\"{name}\"]")).kind, Kind::Event);
    }
}

/// An ack of another kind than an array has no name to check.
#[test]
fn an_ack_may_hold_what_no_event_could_be_called() {
    assert_eq!(read("31[null]").data, Some("[null]"));
    assert_eq!(read("31[\"connect\"]").data, Some("[\"connect\"]"));
}

#[test]
fn an_id_is_at_most_what_javascript_holds_exactly() {
    assert_eq!(
        read("29007199254740991[\"a\"]").id,
        Some(9_007_199_254_740_991)
    );
    assert_malformed(&["29007199254740992[\"a\"]", "29007199254740993[\"a\"]"]);
    assert_malformed(&[&format!("2{}[\"a\"]", "9".repeat(400))]);
    assert_malformed(&["2-1[\"a\"]", "21.5[\"a\"]", "21e3[\"a\"]", "2+1[\"a\"]"]);
}

/// Attack 1 (CVE-2026-33151, CVE-2026-48804): the announced number is judged, nothing is made for it.
#[test]
fn more_than_ten_attachments_are_refused_at_the_header() {
    assert_eq!(read("510-[\"x\"]").attachments, 10);
    for text in [
        "511-[\"x\"]",
        "51000000-[\"x\"]",
        "599999999999999999999999-[\"x\"]",
    ] {
        assert_eq!(code(text), Code::PacketLimit, "{text}");
    }
}

#[test]
fn names_and_namespaces_have_a_length() {
    let limits = Limits::default();
    let name = "n".repeat(limits.event_name_bytes);
    assert_eq!(read(&format!("2[\"{name}\"]")).kind, Kind::Event);
    assert_eq!(code(&format!("2[\"{name}n\"]")), Code::PacketLimit);
    assert_eq!(code(&format!("2[{}]", "1".repeat(257))), Code::PacketLimit);

    let namespace = format!("/{}", "n".repeat(limits.namespace_bytes - 1));
    assert_eq!(read(&format!("0{namespace},")).namespace, namespace);
    assert_eq!(code(&format!("0{namespace}n,")), Code::PacketLimit);
    assert_eq!(
        code(&format!("0/?{}", "q".repeat(100_000))),
        Code::PacketLimit
    );
}

/// Attack 38: what JSON allows passes as it is, however odd; only depth is bounded.
#[test]
fn hostile_json_passes_as_text_or_is_too_deep() {
    for value in [
        "{\"__proto__\":{\"x\":1}}",
        "{\"a\":1,\"a\":2}",
        "1e999",
        "-1E+99999",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "123456789012345678901234567890",
    ] {
        let text = format!("2[\"a\",{value}]");
        let packet = read(&text);
        assert_eq!(packet.name.as_deref(), Some("a"));
        assert_eq!(packet.args.as_slice(), [value]);
    }
    let key = format!("2[\"a\",{{\"{}\":1}}]", "k".repeat(900_000));
    assert_eq!(read(&key).kind, Kind::Event);
    for depth in [65, 100_000] {
        assert_eq!(
            code(&format!("2[\"a\",{}", "[".repeat(depth - 1))),
            Code::PacketLimit
        );
        assert_eq!(
            code(&format!("0{}", "{\"a\":".repeat(depth))),
            Code::PacketLimit
        );
    }
    let deepest = format!("2[\"a\",{}{}]", "[".repeat(63), "]".repeat(63));
    assert_eq!(read(&deepest).kind, Kind::Event);
}

#[test]
fn an_event_is_cut_into_name_and_raw_arguments() {
    let text = "2 [ \"na\\u006de\" , 1.50 ,{ \"a\" : [ ] }, \"x,]\" , [[1],2] , null ] ";
    let packet = read(text);
    assert_eq!(packet.name.as_deref(), Some("name"));
    assert_eq!(
        packet.args.as_slice(),
        ["1.50", "{ \"a\" : [ ] }", "\"x,]\"", "[[1],2]", "null"]
    );
    let packet = read("2[12]");
    assert_eq!((packet.name.as_deref(), packet.args.len()), (Some("12"), 0));
}

#[test]
fn a_name_that_is_half_a_surrogate_pair_is_refused() {
    assert_malformed(&["2[\"\\ud800\"]"]);
}
