//! Text from the network, made safe for a log line.

use std::fmt::Write as _;

/// Marks that something was cut off.
const ELLIPSIS: &str = "…";

/// Writes `bytes` so that a log line stays one line and reads in the order in which it stands:
/// control characters, line separators, invisible and direction-changing characters, bytes that
/// are not UTF-8 and the backslash itself become escapes. At most `max` bytes come out.
///
/// ```
/// use bellgate_gate::escape_for_log;
///
/// assert_eq!(escape_for_log(b"a\r\nb\x1b[1m", 64), r"a\r\nb\x1b[1m");
/// assert_eq!(escape_for_log("\u{202e}gpj".as_bytes(), 64), r"\u{202e}gpj");
/// ```
pub fn escape_for_log(bytes: &[u8], max: usize) -> String {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    if bytes.len() <= max && bytes.iter().all(is_plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    // Each byte gives at least one byte of output, so what lies beyond cannot appear.
    let (head, cut) = match bytes.split_at_checked(max) {
        Some((head, rest)) => (head, !rest.is_empty()),
        None => (bytes, false),
    };
    let mut out = String::with_capacity(head.len());
    let mut fits = true;
    for chunk in head.utf8_chunks() {
        fits = chunk.valid().chars().all(|c| push_char(&mut out, c, max))
            && chunk
                .invalid()
                .iter()
                .all(|byte| push(&mut out, &format!("\\x{byte:02x}"), max));
        if !fits {
            break;
        }
    }
    if cut || !fits {
        let room = max.saturating_sub(ELLIPSIS.len());
        while out.len() > room {
            out.pop();
        }
        if max >= ELLIPSIS.len() {
            out.push_str(ELLIPSIS);
        }
    }
    out
}

fn push(out: &mut String, text: &str, max: usize) -> bool {
    let fits = out.len() + text.len() <= max;
    if fits {
        out.push_str(text);
    }
    fits
}

fn push_char(out: &mut String, c: char, max: usize) -> bool {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match c {
        '\n' => text.write_str("\\n"),
        '\r' => text.write_str("\\r"),
        '\t' => text.write_str("\\t"),
        '\\' => text.write_str("\\\\"),
        c if c.is_ascii_control() => write!(text, "\\x{:02x}", u32::from(c)),
        c if is_deceptive(c) => write!(text, "\\u{{{:x}}}", u32::from(c)),
        c => text.write_char(c),
    };
    push(out, &text, max)
}

/// The text on one line and without what is not seen: for people, who are to read what an application says.
/// Each run of blanks and such characters becomes one space; at most `max` characters come out.
pub(crate) fn on_one_line(text: &str, max: usize) -> String {
    let is_gap = |c: char| c.is_whitespace() || is_deceptive(c);
    let words = text.split(is_gap).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    if line.chars().nth(max).is_none() {
        return line;
    }
    let kept = line.chars().take(max.saturating_sub(1));
    kept.chain(ELLIPSIS.chars()).collect()
}

/// Characters that are not seen, or change what is seen around them (Unicode TR 36, TR 9).
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{escape_for_log, is_deceptive, on_one_line};
    use proptest::prelude::*;

    #[test]
    fn a_log_line_stays_one_line() {
        assert_eq!(
            escape_for_log(b"a\r\nWARN forged\t\\x", 99),
            r"a\r\nWARN forged\t\\x"
        );
        assert_eq!(
            escape_for_log("\u{2028}\u{85}".as_bytes(), 99),
            r"\u{2028}\u{85}"
        );
        assert_eq!(escape_for_log(b"caf\xe9", 99), r"caf\xe9");
        assert_eq!(escape_for_log("café".as_bytes(), 99), "café");
    }

    #[test]
    fn what_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(escape_for_log(&vec![b'a'; 100_000], 8), "aaaaa…");
        assert_eq!(escape_for_log(b"aaaaaaa\n", 8), "aaaaa…");
        assert_eq!(escape_for_log(b"aaaaaaaa", 8), "aaaaaaaa");
        assert_eq!(escape_for_log(b"aaaa", 2), "");
    }

    #[test]
    fn a_text_for_people_is_one_line_of_what_is_seen() {
        let text = " Account\r\n\tsuspended\u{202e}: \u{200b} see\u{7}us ";
        assert_eq!(on_one_line(text, 99), "Account suspended : see us");
        assert_eq!(on_one_line("ééééé", 5), "ééééé");
        assert_eq!(on_one_line("éééééé", 5), "éééé…");
        assert_eq!(on_one_line("\n\n", 5), "");
    }

    proptest! {
        #[test]
        fn no_text_for_people_breaks_its_line_or_its_limit(text: String, max in 1usize..300) {
            let line = on_one_line(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.chars().any(is_deceptive));
        }

        #[test]
        fn no_bytes_break_the_line_or_the_limit(bytes: Vec<u8>, max in 0usize..300) {
            let text = escape_for_log(&bytes, max);
            prop_assert!(text.len() <= max);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
