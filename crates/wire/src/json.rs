//! JSON as text: checked and cut, never built.
//!
//! Payloads go through the server as the bytes they came in, so numbers of any size, lone
//! surrogate escapes and repeated keys stay what they were; only syntax and depth are judged
//! (RFC 8259). The scanner keeps its stack in one integer, so no input makes it recurse or allocate.
//! [`Scanner`] yields tokens; [`validate_json`] and [`split_array`] are built on it.

use bellgate_codes::Refusal;

/// Levels that the scanner's stack has room for.
pub(crate) const MAX_DEPTH: usize = 128;

/// Checks that `text` is one JSON value, nested at most `depth` levels (never more than 128).
///
/// Bad syntax is [`Refusal::PacketMalformed`], too deep is [`Refusal::PacketLimit`].
pub fn validate_json(text: &str, depth: usize) -> Result<(), Refusal> {
    let mut scanner = Scanner::new(text, depth);
    while scanner.next_token()?.is_some() {}
    Ok(())
}

/// The raw texts of the elements of a JSON array.
///
/// Anything but one valid array is [`Refusal::PacketMalformed`].
pub fn split_array(data: &str) -> Result<Vec<&str>, Refusal> {
    let mut scanner = Scanner::new(data, MAX_DEPTH);
    let Some(Token::ArrayStart) = scanner.next_token()? else {
        return Err(malformed("an array is expected"));
    };
    let mut elements = Vec::new();
    let mut start = 0;
    while let Some(token) = scanner.next_token()? {
        match (token, scanner.depth) {
            (Token::Scalar(raw), 1) => elements.push(raw),
            (Token::ArrayStart | Token::ObjectStart, 2) => start = scanner.at - 1,
            (Token::ArrayEnd | Token::ObjectEnd, 1) => elements.push(scanner.slice(start)),
            _ => {}
        }
    }
    Ok(elements)
}

/// One step through a JSON text. Texts are raw: with quotes and escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    /// A member's name; its value is the next token.
    Key(&'a str),
    /// A string, number, `true`, `false` or `null`.
    Scalar(&'a str),
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
    /// Where the next token is looked for: right behind the last one.
    pub(crate) at: usize,
    /// Open arrays and objects behind the last token.
    pub(crate) depth: usize,
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
            depth: 0,
            limit: depth.min(MAX_DEPTH),
            objects: 0,
            expect: Expect::Value,
        }
    }

    /// The next token; `None` where the text ends behind one whole value.
    pub(crate) fn next_token(&mut self) -> Result<Option<Token<'a>>, Refusal> {
        loop {
            self.skip_whitespace();
            let start = self.at;
            let Some(byte) = self.peek() else {
                return match self.expect {
                    Expect::Nothing => Ok(None),
                    _ => Err(self.broken("it ends too early")),
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
                    self.leave();
                    Token::ObjectEnd
                }
                (Expect::CommaOrEnd | Expect::ValueOrEnd, b']') if !self.in_object() => {
                    self.leave();
                    Token::ArrayEnd
                }
                (Expect::Key | Expect::KeyOrEnd, b'"') => self.key(start)?,
                (Expect::Value | Expect::ValueOrEnd, byte) => self.value(start, byte)?,
                _ => return Err(self.broken("a character is out of place")),
            };
            return Ok(Some(token));
        }
    }

    /// The text from `start` to behind the last token.
    pub(crate) fn slice(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn value(&mut self, start: usize, byte: u8) -> Result<Token<'a>, Refusal> {
        match byte {
            b'{' => {
                self.enter(true)?;
                return Ok(Token::ObjectStart);
            }
            b'[' => {
                self.enter(false)?;
                return Ok(Token::ArrayStart);
            }
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number(byte)?,
            b't' => self.literal("rue")?,
            b'f' => self.literal("alse")?,
            b'n' => self.literal("ull")?,
            _ => return Err(self.broken("no value starts with this character")),
        }
        self.behind_value();
        Ok(Token::Scalar(self.slice(start)))
    }

    fn key(&mut self, start: usize) -> Result<Token<'a>, Refusal> {
        self.string()?;
        let name = self.slice(start);
        self.skip_whitespace();
        if self.peek() != Some(b':') {
            return Err(self.broken("a colon is missing"));
        }
        self.at += 1;
        self.expect = Expect::Value;
        Ok(Token::Key(name))
    }

    /// The rest of a string whose opening quote is behind the cursor.
    fn string(&mut self) -> Result<(), Refusal> {
        loop {
            self.at += plain_run(self.bytes_ahead());
            let byte = self.peek();
            self.at += 1;
            match byte {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.broken("a string holds a control character")),
                None => return Err(self.broken("a string has no end")),
            }
        }
    }

    /// What follows a backslash. Surrogates may stand alone: the escape is what it was.
    fn escape(&mut self) -> Result<(), Refusal> {
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
    fn number(&mut self, first: u8) -> Result<(), Refusal> {
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

    fn some_digits(&mut self) -> Result<(), Refusal> {
        let count = digits(self.bytes_ahead());
        self.at += count;
        if count == 0 {
            return Err(self.broken("a number lacks digits"));
        }
        Ok(())
    }

    fn literal(&mut self, rest: &str) -> Result<(), Refusal> {
        if !self.bytes_ahead().starts_with(rest.as_bytes()) {
            return Err(self.broken("a word is unknown"));
        }
        self.at += rest.len();
        Ok(())
    }

    fn enter(&mut self, object: bool) -> Result<(), Refusal> {
        if self.depth >= self.limit {
            return Err(Refusal::PacketLimit {
                what: "nested levels in a payload".to_owned(),
                limit: self.limit.to_string(),
            });
        }
        let level = 1_u128 << self.depth;
        self.depth += 1;
        if object {
            self.objects |= level;
            self.expect = Expect::KeyOrEnd;
        } else {
            self.objects &= !level;
            self.expect = Expect::ValueOrEnd;
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.behind_value();
    }

    fn behind_value(&mut self) {
        self.expect = if self.depth == 0 {
            Expect::Nothing
        } else {
            Expect::CommaOrEnd
        };
    }

    fn in_object(&self) -> bool {
        self.depth > 0 && self.objects >> (self.depth - 1) & 1 == 1
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn bytes_ahead(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn broken(&self, detail: &str) -> Refusal {
        malformed(&format!(
            "the JSON breaks at byte {}, {detail}",
            self.at.min(self.text.len())
        ))
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// How many bytes stand before the first quote, backslash or control character, eight at a time.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    // The lowest mark is exact; a borrow can set false marks only above a true one.
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGH;
    let (words, tail) = bytes.as_chunks::<8>();
    let mut run = 0;
    for chunk in words {
        let word = u64::from_le_bytes(*chunk);
        let marks = below(word, 0x20)
            | below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1);
        if marks != 0 {
            return run + marks.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    run + tail.iter().position(is_special).unwrap_or(tail.len())
}

pub(crate) fn malformed(detail: &str) -> Refusal {
    Refusal::PacketMalformed {
        layer: "Socket.IO".to_owned(),
        detail: detail.to_owned(),
    }
}
