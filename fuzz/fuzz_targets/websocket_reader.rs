//! A client's bytes: the reader says the same of them whole and in pieces.
//!
//! The first byte chooses deflate and the size of the pieces, the rest is the stream.
#![no_main]

use std::ops::ControlFlow;

use bellgate_wire::{Limits, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, stream)) = input.split_first() else {
        return;
    };
    let deflate = choice & 1 == 1;
    let piece = usize::from(choice >> 1) + 1;
    let whole = read(deflate, stream.len().max(1), stream);
    assert_eq!(whole, read(deflate, piece, stream));
});

/// What came out, the refusal if there was one, and whether something is unfinished.
fn read(deflate: bool, piece: usize, stream: &[u8]) -> (Vec<String>, Option<String>, bool) {
    let limits = Limits {
        message_bytes: 500,
        fragments: 4,
        ..Limits::default()
    };
    let mut reader = Reader::new(deflate);
    let mut seen = Vec::new();
    for piece in stream.chunks(piece) {
        let result = reader.handle_bytes(&mut piece.to_vec(), &limits, &mut |incoming| {
            seen.push(format!("{incoming:?}"));
            ControlFlow::Continue(())
        });
        if let Err(refusal) = result {
            assert!(!reader.is_unfinished(), "nothing is kept behind a refusal");
            return (seen, Some(refusal.message()), false);
        }
    }
    (seen, None, reader.is_unfinished())
}
