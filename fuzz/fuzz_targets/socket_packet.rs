//! A Socket.IO packet from any text: what is read can be split, and written again says the same.
#![no_main]

use bellgate_wire::{Kind, Limits, SocketPacket, encode, split_array, split_event};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    let Ok(packet) = SocketPacket::decode(text, &limits) else {
        return;
    };
    let data = packet.data.unwrap_or_default();
    let again = match packet.kind {
        Kind::Event | Kind::BinaryEvent => {
            // Only the number of arguments is left to refuse.
            if let Ok((name, args)) = split_event(data, &limits) {
                assert!(name.len() <= limits.event_name_bytes);
                assert_eq!(split_array(data).unwrap().len(), args.len() + 1);
            } else {
                assert!(data.matches(',').count() >= 1023);
            }
            encode::event(packet.namespace, packet.id, data, packet.attachments)
        }
        Kind::Ack | Kind::BinaryAck => {
            assert!(split_array(data).is_ok() || data.matches(',').count() >= 1024);
            encode::ack(
                packet.namespace,
                packet.id.unwrap(),
                data,
                packet.attachments,
            )
        }
        Kind::Connect => encode::connect(packet.namespace, data),
        Kind::Disconnect => encode::disconnect(packet.namespace),
        Kind::ConnectError => panic!("only servers send it"),
    };
    assert_eq!(SocketPacket::decode(&again, &limits), Ok(packet));
});
