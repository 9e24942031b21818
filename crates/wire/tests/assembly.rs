//! Binary packets and the attachments that follow them (hardening: attacks 1 and 2, peers 20).

#![expect(clippy::expect_used, reason = "a helper of tests fails like a test")]

use bellgate_codes::{Code, Refusal};
use bellgate_wire::{Assembly, Kind, Limits, SocketPacket};

fn begin(text: &str, limits: &Limits) -> Result<Assembly, Refusal> {
    Assembly::begin(&SocketPacket::decode(text, limits)?, limits)
}

fn refused(text: &str) -> Code {
    begin(text, &Limits::default()).expect_err(text).code()
}

fn placeholder(num: usize) -> String {
    format!("{{\"_placeholder\":true,\"num\":{num}}}")
}

#[test]
fn a_packet_is_whole_with_its_last_attachment() {
    let args = format!("{},{{\"deep\":[{}]}}", placeholder(1), placeholder(0));
    let mut assembly = begin(&format!("52-/b,7[\"a\",{args}]"), &Limits::default()).unwrap();
    assert_eq!(assembly.push(&[1, 2, 3]), Ok(false));
    assert_eq!(assembly.push(&[]), Ok(true));
    let packet = assembly.finish();
    assert_eq!((packet.kind, packet.id), (Kind::BinaryEvent, Some(7)));
    assert_eq!(
        (packet.namespace.as_str(), packet.args.array()),
        ("/b", format!("[{args}]").as_str())
    );
    assert_eq!(packet.name.as_deref(), Some("a"));
    assert_eq!(packet.attachments, [&[1, 2, 3][..], &[]]);
}

#[test]
fn the_members_of_a_placeholder_may_stand_in_any_order() {
    assert!(
        begin(
            "51-[\"a\",{\"num\":0,\"_placeholder\":true}]",
            &Limits::default()
        )
        .is_ok()
    );
    assert!(
        begin(
            "51-[\"a\", { \"num\" : 0 , \"\\u005fplaceholder\" : true } ]",
            &Limits::default()
        )
        .is_ok()
    );
    assert!(
        begin(
            "61-3[{\"_placeholder\":true,\"num\":0}]",
            &Limits::default()
        )
        .is_ok()
    );
}

#[test]
fn what_follows_a_placeholder_is_not_taken_for_a_part_of_it() {
    for behind in ["true", "0", "\"num\"", "[true]", "{\"a\":true}"] {
        let text = format!("51-[\"a\",{{\"num\":0,\"_placeholder\":true}},{behind}]");
        assert!(begin(&text, &Limits::default()).is_ok(), "{text}");
    }
}

#[test]
fn objects_that_only_look_like_placeholders_are_data() {
    let lookalikes = "{\"_placeholder\":false,\"num\":5},{\"num\":9},{\"_placeholder\":1},{\"placeholder\":true},{}";
    let text = format!("51-[\"a\",{lookalikes},{}]", placeholder(0));
    assert!(begin(&text, &Limits::default()).is_ok());
}

/// CVE-2022-2421: whatever a placeholder's number is, it names one attachment or nothing.
#[test]
fn a_placeholder_names_an_attachment_by_a_plain_number() {
    for num in [
        "\"__proto__\"",
        "\"0\"",
        "-1",
        "-0",
        "0.5",
        "0.0",
        "1e9",
        "1",
        "null",
        "true",
        "[0]",
        "{}",
        "99999999999999999999999",
    ] {
        let text = format!("51-[\"x\",{{\"_placeholder\":true,\"num\":{num}}}]");
        assert_eq!(refused(&text), Code::PacketMalformed, "{num}");
    }
    assert_eq!(
        refused("51-[\"x\",{\"_placeholder\":true}]"),
        Code::PacketMalformed
    );
}

#[test]
fn repeated_and_missing_placeholders_are_refused() {
    let zero = placeholder(0);
    assert_eq!(
        refused(&format!("52-[\"x\",{zero},{zero}]")),
        Code::PacketMalformed
    );
    assert_eq!(
        refused(&format!("51-[\"x\",{zero},{zero}]")),
        Code::PacketMalformed
    );
    assert_eq!(
        refused(&format!("52-[\"x\",{zero}]")),
        Code::PacketMalformed
    );
    assert_eq!(refused("51-[\"x\"]"), Code::PacketMalformed);
}

#[test]
fn a_placeholder_holds_nothing_else() {
    for text in [
        "51-[\"x\",{\"_placeholder\":true,\"num\":0,\"x\":1}]",
        "51-[\"x\",{\"x\":1,\"_placeholder\":true,\"num\":0}]",
        "51-[\"x\",{\"_placeholder\":true,\"num\":0,\"num\":0}]",
        "51-[\"x\",{\"_placeholder\":true,\"num\":0,\"_placeholder\":true}]",
        "51-[\"x\",{\"_placeholder\":false,\"_placeholder\":true,\"num\":0}]",
        "52-[\"x\",{\"_placeholder\":true,\"num\":0,\"x\":{\"_placeholder\":true,\"num\":1}}]",
        "52-[\"x\",{\"x\":{\"_placeholder\":true,\"num\":1},\"_placeholder\":true,\"num\":0}]",
        "51-[\"x\",{\"_placeholder\":true,\"x\":[],\"num\":0}]",
        "51-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"x\":[],\"num\":0}]",
    ] {
        assert_eq!(refused(text), Code::PacketMalformed, "{text}");
    }
}

#[test]
fn a_plain_packet_has_nothing_to_wait_for() {
    assert_eq!(refused("2[\"a\"]"), Code::PacketMalformed);
    assert_eq!(refused("50-[\"a\"]"), Code::PacketMalformed);
}

/// Attack 1: header and attachments together stay under the limit of one message.
#[test]
fn the_sum_of_header_and_attachments_is_bounded() {
    let data = format!("[\"a\",{},{}]", placeholder(0), placeholder(1));
    let limits = Limits {
        message_bytes: data.len() + 10,
        ..Limits::default()
    };
    let text = format!("52-{data}");
    let mut assembly = begin(&text, &limits).unwrap();
    assert_eq!(assembly.push(&[0; 6]), Ok(false));
    assert_eq!(
        assembly.push(&[0; 5]).unwrap_err().code(),
        Code::PayloadTooLarge
    );
    assert_eq!(assembly.push(&[0; 4]), Ok(true));

    let tighter = Limits {
        message_bytes: data.len() - 1,
        ..Limits::default()
    };
    assert_eq!(
        begin(&text, &tighter).unwrap_err().code(),
        Code::PayloadTooLarge
    );
}

#[test]
fn an_attachment_too_many_is_refused() {
    let mut assembly = begin(
        &format!("51-[\"a\",{}]", placeholder(0)),
        &Limits::default(),
    )
    .unwrap();
    assert!(!assembly.is_complete());
    assert_eq!(assembly.push(b"x"), Ok(true));
    assert!(assembly.is_complete());
    assert_eq!(
        assembly.push(b"y").unwrap_err().code(),
        Code::PacketMalformed
    );
    assert_eq!(assembly.finish().attachments.len(), 1);
}

#[test]
fn a_packet_that_asks_for_more_than_the_callers_limit_is_refused() {
    let packet = SocketPacket {
        kind: Kind::BinaryEvent,
        attachments: usize::MAX,
        namespace: "/",
        id: None,
        data: Some("[\"a\"]"),
        name: Some("a".into()),
        args: [].into_iter().collect(),
    };
    let refusal = Assembly::begin(&packet, &Limits::default()).unwrap_err();
    assert_eq!(refusal.code(), Code::PacketLimit);
}
