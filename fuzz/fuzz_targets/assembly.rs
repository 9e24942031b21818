//! A binary packet: a header, and what follows it cut into attachments.
#![no_main]

use bellgate_wire::{Assembly, Limits, SocketPacket};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (text, data) = input;
    let limits = Limits {
        message_bytes: 200,
        ..Limits::default()
    };
    let Ok(packet) = SocketPacket::decode(text, &limits) else {
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
    assert!(packet.data.len() + bytes <= limits.message_bytes);
    assert_eq!(packet.attachments.len(), pushed);
});
