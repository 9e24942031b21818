//! One cookie after the other out of a header: `_cookie_re` and `_cookie_unslash_re` of Werkzeug.

/// More cookies than a browser keeps for one site (180 in Chromium); later ones are left out.
const COOKIES: usize = 256;

/// Appends what can be read of a header.
pub(super) fn read_all(header: &[u8], pairs: &mut Vec<(String, String)>) {
    let mut rest = header;
    while !rest.is_empty() && pairs.len() < COOKIES {
        if let Some((name, value, after)) = read_pair(rest) {
            if let Some(pair) = as_text(name, value) {
                pairs.push(pair);
            }
            rest = after;
        } else {
            // What fits nowhere is skipped up to the next semicolon, be it inside of quotes.
            let Some(end) = rest.iter().position(|byte| *byte == b';') else {
                return;
            };
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
}

/// A value as it stands in the header.
#[derive(Clone, Copy)]
enum Raw<'a> {
    Token(&'a [u8]),
    /// What stands between the quotes.
    Quoted(&'a [u8]),
}

/// Name, value and what follows the semicolon.
fn read_pair(header: &[u8]) -> Option<(&[u8], Raw<'_>, &[u8])> {
    let (name, rest) = split_while(skip_blanks(header), |byte| {
        !matches!(byte, b' ' | b'\t' | b'=' | b'"' | b';')
    });
    if name.is_empty() {
        return None;
    }
    let rest = skip_blanks(rest);
    let (value, rest) = match rest.strip_prefix(b"=") {
        None => (Raw::Token(b""), rest),
        Some(rest) => read_value(skip_blanks(rest)),
    };
    match skip_blanks(rest) {
        [] => Some((name, value, b"")),
        [b';', after @ ..] => Some((name, value, after)),
        _ => None,
    }
}

fn read_value(text: &[u8]) -> (Raw<'_>, &[u8]) {
    if let Some((inner, rest)) = text.strip_prefix(b"\"").and_then(split_quoted) {
        return (Raw::Quoted(inner), rest);
    }
    let (token, rest) = split_while(text, |byte| !matches!(byte, b' ' | b'\t' | b'"' | b';'));
    (Raw::Token(token), rest)
}

/// Up to the quote that no backslash stands before.
fn split_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next()?;
            }
            b'"' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

fn as_text(name: &[u8], value: Raw<'_>) -> Option<(String, String)> {
    let (Raw::Token(raw) | Raw::Quoted(raw)) = value;
    if !name.is_ascii() || !raw.is_ascii() {
        return None;
    }
    let value = match value {
        Raw::Token(token) => String::from_utf8_lossy(token).into_owned(),
        Raw::Quoted(inner) => String::from_utf8_lossy(&unslash(inner)).into_owned(),
    };
    Some((String::from_utf8_lossy(name).into_owned(), value))
}

/// `\ooo` is a byte, any other `\c` is c.
fn unslash(mut text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    loop {
        match text {
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                rest @ ..,
            ] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                text = rest;
            }
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                out.push(*byte);
                text = rest;
            }
            [] => return out,
        }
    }
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    split_while(text, |byte| matches!(byte, b' ' | b'\t')).1
}

fn split_while(text: &[u8], belongs: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !belongs(*byte))
        .unwrap_or(text.len());
    text.split_at(end)
}
