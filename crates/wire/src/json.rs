//! JSON as text: checked and cut, never built.
//!
//! Payloads go through the server as the bytes they came in, so numbers of any size, lone
//! surrogate escapes and repeated keys stay what they were; only syntax and depth are judged
//! (RFC 8259). The scanner keeps its stack in one integer, so no input makes it recurse or allocate.
//! [`Scanner`] yields tokens; [`validate_json`] and [`Array`] are built on it.

use bellgate_codes::Refusal;
use smallvec::SmallVec;

/// Levels that the scanner's stack has room for.
pub(crate) const MAX_DEPTH: usize = 128;
/// Most arguments of an event or an ack: a megabyte of commas would become half a million of them.
pub(crate) const MAX_ARGUMENTS: usize = 1024;

/// Checks that `text` is one JSON value, nested at most `depth` levels (never more than 128).
///
/// Bad syntax is [`Refusal::PacketMalformed`], too deep is [`Refusal::PacketLimit`].
pub fn validate_json(text: &str, depth: usize) -> Result<(), Refusal> {
    let mut scanner = Scanner::new(text, depth);
    while scanner.next_token()?.is_some() {}
    Ok(())
}

/// The raw texts of the elements of an array.
pub(crate) type Elements<'a> = SmallVec<[&'a str; 4]>;

/// A JSON array that is cut into the raw texts of its elements, one after the other.
///
/// Most payloads are a few scalars in one array: its own level is walked here, by the rules of
/// [`Scanner::next_token`] but without looking them up for every token.
pub(crate) struct Array<'a>(Scanner<'a>);

impl<'a> Array<'a> {
    /// Goes behind the bracket that begins the array. Anything but an array is
    /// [`Refusal::PacketMalformed`].
    pub(crate) fn open(data: &'a str, depth: usize) -> Result<Self, Refusal> {
        let mut scanner = Scanner::new(data, depth);
        if scanner.skip_whitespace() != Some(b'[') {
            return Err(malformed("an array is expected"));
        }
        scanner.at += 1;
        scanner.enter(Token::ArrayStart)?;
        Ok(Self(scanner))
    }

    /// The next element; none behind the array's end.
    #[expect(
        clippy::inline_always,
        reason = "a call costs a third of a short element"
    )]
    #[inline(always)]
    pub(crate) fn next_element(&mut self) -> Result<Option<&'a str>, Fault> {
        let Self(scanner) = self;
        let Some(first) = scanner.finds_element()? else {
            return Ok(None);
        };
        let start = scanner.at;
        scanner.element(first)?;
        Ok(Some(scanner.since(start)))
    }

    /// Adds the elements that are left, to the end of the text. There may be `most`.
    pub(crate) fn rest(mut self, most: usize, elements: &mut Elements<'a>) -> Result<(), Fault> {
        while let Some(element) = self.next_element()? {
            if elements.len() >= most {
                return Err(Fault::TooMany);
            }
            elements.push(element);
        }
        self.end()
    }

    /// Nothing stands behind the array, whose last element was taken.
    pub(crate) fn end(mut self) -> Result<(), Fault> {
        match self.0.next_token()? {
            None => Ok(()),
            Some(_) => Err(self.0.broken(OUT_OF_PLACE)),
        }
    }
}

/// Where a text breaks that is no value.
const TOO_EARLY: &str = "it ends too early";
const OUT_OF_PLACE: &str = "a character is out of place";

/// One step through a JSON text; [`Scanner::token`] is its raw text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    /// A member's name; its value is the next token.
    Key,
    /// A string, number, `true`, `false` or `null`.
    Scalar,
}

/// Why a text is not taken: small, since a `Result` of it is made for every token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Bad syntax at this byte.
    Broken(usize, &'static str),
    /// More levels than this.
    TooDeep(usize),
    /// More arguments than [`MAX_ARGUMENTS`].
    TooMany,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Broken(at, detail) => {
                malformed(&format!("the JSON breaks at byte {at}, {detail}"))
            }
            Fault::TooMany => Self::PacketLimit {
                what: "arguments".to_owned(),
                limit: MAX_ARGUMENTS.to_string(),
            },
            Fault::TooDeep(limit) => Self::PacketLimit {
                what: "nested levels in a payload".to_owned(),
                limit: limit.to_string(),
            },
        }
    }
}

/// What may stand at the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
    Nothing,
}

/// Walks over a JSON text and checks its syntax on the way.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    /// Where the next token is looked for.
    at: usize,
    /// Where the last token starts and ends.
    start: usize,
    end: usize,
    /// Open arrays and objects behind the last token.
    depth: usize,
    limit: usize,
    /// Bit `n` is set where level `n + 1` is an object.
    objects: u128,
    expect: Expect,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, depth: usize) -> Self {
        Self {
            text,
            at: 0,
            start: 0,
            end: 0,
            depth: 0,
            limit: depth.min(MAX_DEPTH),
            objects: 0,
            expect: Expect::Value,
        }
    }

    /// The next token; `None` where the text ends behind one whole value.
    pub(crate) fn next_token(&mut self) -> Result<Option<Token>, Fault> {
        loop {
            let next = self.skip_whitespace();
            self.start = self.at;
            let Some(byte) = next else {
                return match self.expect {
                    Expect::Nothing => Ok(None),
                    _ => Err(self.broken(TOO_EARLY)),
                };
            };
            self.at += 1;
            let token = match (self.expect, byte) {
                (Expect::CommaOrEnd, b',') => {
                    self.expect = if self.in_object() {
                        Expect::Key
                    } else {
                        Expect::Value
                    };
                    continue;
                }
                (Expect::CommaOrEnd | Expect::KeyOrEnd, b'}') if self.in_object() => {
                    self.leave(Token::ObjectEnd)
                }
                (Expect::CommaOrEnd | Expect::ValueOrEnd, b']') if !self.in_object() => {
                    self.leave(Token::ArrayEnd)
                }
                (Expect::Key | Expect::KeyOrEnd, b'"') => self.key()?,
                (Expect::Value | Expect::ValueOrEnd, byte) => self.value(byte)?,
                _ => return Err(self.broken(OUT_OF_PLACE)),
            };
            return Ok(Some(token));
        }
    }

    /// The raw text of the last token: with quotes and escapes.
    pub(crate) fn token(&self) -> &'a str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// The text from here to the cursor.
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Goes to the next element of an array, and says how it begins; none behind the array's end.
    #[inline]
    fn finds_element(&mut self) -> Result<Option<u8>, Fault> {
        let mut byte = self.skip_whitespace();
        let is_behind_comma = (self.expect, byte) == (Expect::CommaOrEnd, Some(b','));
        if is_behind_comma {
            self.at += 1;
            byte = self.skip_whitespace();
        }
        match (self.expect, byte) {
            (_, None) => Err(self.broken(TOO_EARLY)),
            (_, first) if is_behind_comma => Ok(first),
            (Expect::ValueOrEnd | Expect::CommaOrEnd, Some(b']')) => {
                self.at += 1;
                self.leave(Token::ArrayEnd);
                Ok(None)
            }
            (Expect::ValueOrEnd, first) => Ok(first),
            _ => {
                self.at += 1;
                Err(self.broken(OUT_OF_PLACE))
            }
        }
    }

    /// Goes behind the value at the cursor, which begins so, however deep it is.
    #[inline]
    fn element(&mut self, first: u8) -> Result<(), Fault> {
        let level = self.depth;
        self.at += 1;
        if first == b'"' {
            self.string()?;
            self.expect = Expect::CommaOrEnd;
            return Ok(());
        }
        self.value(first)?;
        while self.depth > level {
            self.next_token()?;
        }
        Ok(())
    }

    fn value(&mut self, byte: u8) -> Result<Token, Fault> {
        match byte {
            b'{' => return self.enter(Token::ObjectStart),
            b'[' => return self.enter(Token::ArrayStart),
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number(byte)?,
            b't' => self.literal("rue")?,
            b'f' => self.literal("alse")?,
            b'n' => self.literal("ull")?,
            _ => return Err(self.broken("no value starts with this character")),
        }
        self.behind_value();
        Ok(Token::Scalar)
    }

    fn key(&mut self) -> Result<Token, Fault> {
        self.string()?;
        self.end = self.at;
        if self.skip_whitespace() != Some(b':') {
            return Err(self.broken("a colon is missing"));
        }
        self.at += 1;
        self.expect = Expect::Value;
        Ok(Token::Key)
    }

    /// The rest of a string whose opening quote is behind the cursor.
    #[expect(
        clippy::inline_always,
        reason = "a call costs a third of a short string"
    )]
    #[inline(always)]
    fn string(&mut self) -> Result<(), Fault> {
        self.at += plain_run(self.text.as_bytes(), self.at);
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(());
        }
        self.rest_of_string()
    }

    /// As [`Scanner::string`], for one with escapes or with a fault.
    fn rest_of_string(&mut self) -> Result<(), Fault> {
        loop {
            let byte = self.peek();
            self.at += 1;
            match byte {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.broken("a string holds a control character")),
                None => return Err(self.broken("a string has no end")),
            }
            self.at += plain_run(self.text.as_bytes(), self.at);
        }
    }

    /// What follows a backslash. Surrogates may stand alone: the escape is what it was.
    fn escape(&mut self) -> Result<(), Fault> {
        let byte = self.peek();
        self.at += 1;
        match byte {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => {
                let digits = self.bytes_ahead().iter().take(4);
                if digits.filter(|digit| digit.is_ascii_hexdigit()).count() < 4 {
                    return Err(self.broken("an escape lacks its four digits"));
                }
                self.at += 4;
                Ok(())
            }
            _ => Err(self.broken("an escape is unknown")),
        }
    }

    /// The rest of a number that starts with `first`. Of any size: it stays text.
    fn number(&mut self, first: u8) -> Result<(), Fault> {
        let mut lead = first;
        if first == b'-' {
            lead = self.peek().unwrap_or_default();
            self.at += 1;
        }
        match lead {
            b'0' => {}
            b'1'..=b'9' => self.at += digits(self.bytes_ahead()),
            _ => return Err(self.broken("a number lacks digits")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    fn some_digits(&mut self) -> Result<(), Fault> {
        let count = digits(self.bytes_ahead());
        self.at += count;
        if count == 0 {
            return Err(self.broken("a number lacks digits"));
        }
        Ok(())
    }

    fn literal(&mut self, rest: &str) -> Result<(), Fault> {
        if !self.bytes_ahead().starts_with(rest.as_bytes()) {
            return Err(self.broken("a word is unknown"));
        }
        self.at += rest.len();
        Ok(())
    }

    fn enter(&mut self, token: Token) -> Result<Token, Fault> {
        if self.depth >= self.limit {
            return Err(Fault::TooDeep(self.limit));
        }
        let level = 1_u128 << self.depth;
        self.depth += 1;
        if token == Token::ObjectStart {
            self.objects |= level;
            self.expect = Expect::KeyOrEnd;
        } else {
            self.objects &= !level;
            self.expect = Expect::ValueOrEnd;
        }
        self.end = self.at;
        Ok(token)
    }

    fn leave(&mut self, token: Token) -> Token {
        self.depth = self.depth.saturating_sub(1);
        self.behind_value();
        token
    }

    fn behind_value(&mut self) {
        self.end = self.at;
        self.expect = if self.depth == 0 {
            Expect::Nothing
        } else {
            Expect::CommaOrEnd
        };
    }

    fn in_object(&self) -> bool {
        self.depth > 0 && self.objects >> (self.depth - 1) & 1 == 1
    }

    /// Goes to the next byte that is not whitespace, and says which it is.
    #[inline]
    fn skip_whitespace(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                byte => return byte,
            }
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn bytes_ahead(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn broken(&self, detail: &'static str) -> Fault {
        Fault::Broken(self.at.min(self.text.len()), detail)
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// How many bytes from `at` on stand before the first quote, backslash or control character, eight at a
/// time.
#[inline]
fn plain_run(text: &[u8], at: usize) -> usize {
    let ahead = text.get(at..).unwrap_or_default();
    let (words, tail) = ahead.as_chunks::<8>();
    let mut run = 0;
    for word in words {
        let marks = special(u64::from_le_bytes(*word));
        if marks != 0 {
            return run + marks.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    // What is left stands in the last eight bytes, behind some that were seen.
    match text.last_chunk::<8>() {
        Some(word) if !tail.is_empty() => {
            let seen = 8 - tail.len();
            let marks = special(u64::from_le_bytes(*word) >> (8 * seen));
            run + marks.trailing_zeros() as usize / 8
        }
        _ => {
            let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
            run + tail.iter().position(is_special).unwrap_or(tail.len())
        }
    }
}

/// The top bit of each byte of a word that no plain text holds: exact for the lowest one, and there may be
/// false ones above it. A byte that was shifted in is zero, and so is one of them.
#[inline]
const fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    const fn below(word: u64, bound: u64) -> u64 {
        word.wrapping_sub(ONES * bound) & !word & HIGH
    }
    below(word, 0x20)
        | below(word ^ (ONES * b'"' as u64), 1)
        | below(word ^ (ONES * b'\\' as u64), 1)
}

pub(crate) fn malformed(detail: &str) -> Refusal {
    Refusal::PacketMalformed {
        layer: "Socket.IO".to_owned(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::plain_run;

    #[test]
    fn a_plain_run_ends_at_the_first_special_byte_wherever_both_stand() {
        let special = [0x00, 0x1f, b'"', b'\\'];
        for len in 0..20 {
            for at in 0..=len {
                let mut text = vec![0xff; len];
                assert_eq!(plain_run(&text, at), len - at, "of {len} bytes from {at}");
                for place in 0..len {
                    let byte = special[place % special.len()];
                    let before = std::mem::replace(&mut text[place], byte);
                    let run = if place < at { len - at } else { place - at };
                    assert_eq!(plain_run(&text, at), run, "{text:?} from {at}");
                    text[place] = before;
                }
            }
        }
    }
}
