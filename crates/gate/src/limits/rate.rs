//! Rates in Flask-Limiter's grammar: `100/10 seconds;600/minute`, `5 per hour`.
//!
//! ```text
//! limits  = limit *( (":"?) ("," / ";" / "|") limit )
//! limit   = *WS amount *WS ( "/" / "per" ) *WS [multiples] *WS unit *WS
//! unit    = second, minute, hour, day, month (30 days) or year (360 days), each with an optional s
//! ```
//!
//! Letters are read in any case; numbers are ASCII digits without bound (`limits.parse_many`).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One rate or several; a caller has to keep them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates(Vec<Rate>);

impl Rates {
    /// The rates in the order in which they were written; at least one.
    pub fn as_slice(&self) -> &[Rate] {
        &self.0
    }

    /// The rates in the order in which they are judged: shortest window first.
    pub(super) fn judged(&self) -> Vec<Rate> {
        let mut rates = self.0.clone();
        rates.sort_by_key(Rate::window);
        rates
    }
}

impl FromStr for Rates {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let mut reader = Reader { text, rest: text };
        let mut rates = vec![reader.rate()?];
        while reader.separator()? {
            rates.push(reader.rate()?);
        }
        Ok(Self(rates))
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rate) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            rate.fmt(f)?;
        }
        Ok(())
    }
}

/// So many hits in so much time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    amount: Number,
    multiples: Number,
    unit: Unit,
}

impl Rate {
    /// Hits that a window has room for; 0 refuses each one. Numbers beyond `u64` count as its end.
    pub fn amount(&self) -> u64 {
        self.amount.value
    }

    /// The length of the window; a thousand years where more is written.
    pub fn window(&self) -> Duration {
        let seconds = self.multiples.value.saturating_mul(self.unit.seconds());
        Duration::from_secs(seconds.min(LONGEST_SECONDS))
    }

    /// `amount/multiples/unit`: the tail of the key under which `limits` counts.
    pub(super) fn key_tail(&self) -> String {
        let (amount, multiples) = (&self.amount.digits, &self.multiples.digits);
        format!("{amount}/{multiples}/{}", self.unit.name())
    }
}

/// As `limits` writes it, in singular: `10 per 5 minute`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (amount, multiples) = (&self.amount.digits, &self.multiples.digits);
        write!(f, "{amount} per {multiples} {}", self.unit.name())
    }
}

/// What a window is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// One second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 30 days.
    Month,
    /// 360 days, as `limits` has it.
    Year,
}

impl Unit {
    /// All units, shortest first.
    pub const ALL: [Self; 6] = [
        Self::Second,
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Month,
        Self::Year,
    ];

    /// The name in singular.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
            Self::Month => 30 * 86_400,
            Self::Year => 360 * 86_400,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let is = |name: &str| {
            word.get(..name.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(name))
                && matches!(word.get(name.len()..), Some("" | "s" | "S"))
        };
        Self::ALL.into_iter().find(|unit| is(unit.name()))
    }
}

/// Why a text is no rate. It reads well after the text, says where it went wrong, and what to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateError {
    /// The character at which something else was expected, counted from 1.
    pub at: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Amount,
    Per,
    Unit,
    UnknownUnit(Option<&'static str>),
    Separator,
    LastSeparator,
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        f.write_str("is no rate: it ")?;
        match self.kind {
            Kind::Amount => write!(
                f,
                "lacks a number of hits at character {at}: write 600/minute"
            ),
            Kind::Per => write!(
                f,
                "lacks / or per at character {at}: write 600/minute or 600 per minute"
            ),
            Kind::Unit => write!(f, "lacks a unit of time at character {at}: write {UNITS}"),
            Kind::UnknownUnit(None) => write!(
                f,
                "has an unknown unit of time at character {at}: write {UNITS}"
            ),
            Kind::UnknownUnit(Some(meant)) => write!(
                f,
                "has an unknown unit of time at character {at}: write {meant}"
            ),
            Kind::Separator => write!(
                f,
                "goes on after a rate at character {at}: put ; between two rates, as in 100/10 seconds;600/minute"
            ),
            Kind::LastSeparator => write!(
                f,
                "ends with a separator, and a rate is missing at character {at}: leave the separator out"
            ),
        }
    }
}

impl std::error::Error for RateError {}

/// A number of any length: the digits name a key, the value counts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Number {
    /// Without leading zeros, as Python writes the number.
    digits: Box<str>,
    value: u64,
}

impl Number {
    fn new(digits: &str) -> Self {
        let digits = match digits.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        Self {
            digits: digits.into(),
            value: digits.parse().unwrap_or(u64::MAX),
        }
    }

    /// `per 0 minutes` means 1, as in `limits`.
    fn at_least_one(self) -> Self {
        if self.value == 0 {
            Self::new("1")
        } else {
            self
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn rate(&mut self) -> Result<Rate, RateError> {
        self.blanks();
        let is_after_separator = self.rest.len() < self.text.len();
        let amount = self.take_while(|c| c.is_ascii_digit());
        if amount.is_empty() {
            let at_end = self.rest.is_empty() && is_after_separator && !self.text.trim().is_empty();
            return Err(self.error(if at_end {
                Kind::LastSeparator
            } else {
                Kind::Amount
            }));
        }
        self.blanks();
        if !self.take("/") && !self.take("per") {
            return Err(self.error(Kind::Per));
        }
        self.blanks();
        let multiples = match self.take_while(|c| c.is_ascii_digit()) {
            "" => "1",
            digits => digits,
        };
        self.blanks();
        let unit = self.unit()?;
        self.blanks();
        Ok(Rate {
            amount: Number::new(amount),
            multiples: Number::new(multiples).at_least_one(),
            unit,
        })
    }

    fn unit(&mut self) -> Result<Unit, RateError> {
        let before = self.rest;
        let word = self.take_while(char::is_alphabetic);
        Unit::from_word(word).ok_or_else(|| {
            self.rest = before;
            self.error(match word {
                "" => Kind::Unit,
                word => Kind::UnknownUnit(meant(word)),
            })
        })
    }

    /// Whether another rate follows. The stray `:` is a slip in the pattern of `limits`, which it admits.
    fn separator(&mut self) -> Result<bool, RateError> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        let before = self.rest;
        self.take(":");
        if [",", ";", "|"].into_iter().any(|mark| self.take(mark)) {
            return Ok(true);
        }
        self.rest = before;
        Err(self.error(Kind::Separator))
    }

    fn blanks(&mut self) {
        self.take_while(is_blank);
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn take(&mut self, word: &str) -> bool {
        match self.rest.split_at_checked(word.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(word) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn error(&self, kind: Kind) -> RateError {
        let read = self.text.len() - self.rest.len();
        let at = self.text.get(..read).unwrap_or_default().chars().count() + 1;
        RateError { at, kind }
    }
}

/// Python's `\s`: Unicode's white space, and four separators of ASCII.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// What somebody wanted who wrote `word` for a unit.
fn meant(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" => "second",
        "m" | "min" | "mins" => "minute",
        "h" | "hr" | "hrs" => "hour",
        "d" => "day",
        "w" | "week" | "weeks" => "7 days",
        "y" | "yr" => "year",
        _ => return None,
    })
}

const UNITS: &str = "second, minute, hour, day, month or year";

/// Keeps `now` plus a window inside of what an instant can hold.
const LONGEST_SECONDS: u64 = 1000 * 365 * 86_400;
