//! A Socket.IO packet from any text: what is read, written again, says the same.
#![no_main]

use bellgate_wire::{Arguments, Kind, Limits, SocketPacket, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits::default();
    let Ok(packet) = SocketPacket::decode(text, &limits) else {
        return;
    };
    let data = packet.data.unwrap_or_default();
    let args: Arguments = packet.args.iter().copied().collect();
    let again = match packet.kind {
        Kind::Event | Kind::BinaryEvent => {
            assert!(packet.name.as_ref().unwrap().len() <= limits.event_name_bytes);
            encode::event(packet.namespace, packet.id, data, packet.attachments)
        }
        Kind::Ack | Kind::BinaryAck => {
            let id = packet.id.unwrap();
            let short = encode::ack(packet.namespace, id, args.array(), packet.attachments);
            let short = SocketPacket::decode(&short, &limits).unwrap();
            assert_eq!(short.args.as_slice(), packet.args.as_slice());
            encode::ack(packet.namespace, id, data, packet.attachments)
        }
        Kind::Connect => encode::connect(packet.namespace, data),
        Kind::Disconnect => encode::disconnect(packet.namespace),
        Kind::ConnectError => panic!("only servers send it"),
    };
    let read = SocketPacket::decode(&again, &limits).unwrap();
    assert_eq!(
        (read.kind, read.attachments, read.namespace, read.id),
        (packet.kind, packet.attachments, packet.namespace, packet.id)
    );
    assert_eq!((read.data, read.name), (packet.data, packet.name));
    assert_eq!(read.args.as_slice(), packet.args.as_slice());
});
