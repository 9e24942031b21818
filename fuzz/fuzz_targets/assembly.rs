//! A binary packet: a header with any arguments, and bytes cut into attachments.
//!
//! Chance finds no valid header, so its frame is given, `5<n>-["a",<arguments>]`, and `@`, `#` and
//! `$` in the arguments stand for the placeholders of the first three attachments.
#![no_main]

use bellgate_wire::{Assembly, Limits, SocketPacket};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (count, arguments, data) = input;
    let limits = Limits {
        message_bytes: 200,
        ..Limits::default()
    };
    let arguments =
        ['@', '#', '$']
            .iter()
            .enumerate()
            .fold(arguments.to_owned(), |text, (num, sign)| {
                text.replace(*sign, &format!("{{\"_placeholder\":true,\"num\":{num}}}"))
            });
    let text = format!("5{}-[\"a\",{arguments}]", count % 4);
    let Ok(packet) = SocketPacket::decode(&text, &limits) else {
        return;
    };
    let Ok(mut assembly) = Assembly::begin(&packet, &limits) else {
        return;
    };
    let mut pushed = 0;
    for part in data.chunks(16) {
        match assembly.push(part) {
            Ok(is_complete) => {
                pushed += 1;
                assert_eq!(is_complete, pushed == packet.attachments);
            }
            Err(_) => break,
        }
    }
    let packet = assembly.finish();
    let bytes: usize = packet.attachments.iter().map(|part| part.len()).sum();
    assert!(packet.args.array().len() + bytes <= limits.message_bytes);
    assert_eq!(packet.attachments.len(), pushed);
});
