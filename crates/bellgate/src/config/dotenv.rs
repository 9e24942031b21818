//! Reads `.env` as Flask does, so that one file means the same to the application and to Bellgate.
//!
//! The grammar is python-dotenv's: a value without quotes goes on to the end of its line (blanks
//! in it included, as in `100/10 seconds`), ` #` begins a comment, quoted values may have several
//! lines, and `${NAME}` or `${NAME:-default}` stands for what was written further up, else for the
//! environment. The crates that read such files take `$NAME` for a variable too, look into the
//! environment of the process by themselves, and refuse blanks, so a secret could come out
//! differently here and there.

use std::collections::HashMap;

/// A name and the text written for it, `${…}` not yet replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    /// The line that it begins on, from 1.
    pub(super) line: usize,
    /// The name.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
}

/// What stands in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DotEnv {
    /// The bindings in the order of the file. A name without `=` has no value and is none.
    pub(super) bindings: Vec<Binding>,
    /// The lines that nobody can read.
    pub(super) unreadable: Vec<usize>,
}

impl DotEnv {
    /// Reads a text; what cannot be read is told by its line, and the rest holds.
    pub(super) fn read(text: &str) -> Self {
        // Python opens text files so.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut reader = Reader {
            rest: text.strip_prefix('\u{feff}').unwrap_or(&text),
            line: 1,
        };
        let mut read = Self::default();
        loop {
            reader.take_while(is_blank);
            if reader.rest.is_empty() {
                return read;
            }
            let line = reader.line;
            match reader.binding() {
                Ok(Some((name, text))) => read.bindings.push(Binding { line, name, text }),
                Ok(None) => {}
                Err(Unreadable) => {
                    reader.take_while(|c| c != '\n');
                    read.unreadable.push(line);
                }
            }
        }
    }

    /// The texts with `${…}` replaced, in the order of [`DotEnv::bindings`]; `outside` is the
    /// environment. `None`: more text than [`EXPANDED_BYTES`] in all.
    pub(super) fn expanded(&self, outside: impl Fn(&str) -> Option<String>) -> Vec<Option<String>> {
        let mut known: HashMap<&str, Option<String>> = HashMap::new();
        let mut room = EXPANDED_BYTES;
        self.bindings
            .iter()
            .map(|binding| {
                let look_up = |name: &str| match known.get(name) {
                    Some(text) => text.clone().ok_or(Nothing::TooLong),
                    None => outside(name).ok_or(Nothing::Unset),
                };
                let text = expand(&binding.text, look_up, room);
                room -= text.as_ref().map_or(0, String::len);
                known.insert(&binding.name, text.clone());
                text
            })
            .collect()
    }
}

/// What all values of a file may come to: each `${NAME}` can double what it stands for.
const EXPANDED_BYTES: usize = 4 * 1024 * 1024;

/// Why a name stands for no text.
enum Nothing {
    Unset,
    TooLong,
}

fn expand(
    text: &str,
    look_up: impl Fn(&str) -> Result<String, Nothing>,
    room: usize,
) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        rest = after;
        let Some((name, default, after)) = reference(after) else {
            out.push_str("${");
            continue;
        };
        match look_up(name) {
            Ok(text) => out.push_str(&text),
            Err(Nothing::Unset) => out.push_str(default),
            Err(Nothing::TooLong) => return None,
        }
        rest = after;
        if out.len() > room {
            return None;
        }
    }
    out.push_str(rest);
    (out.len() <= room).then_some(out)
}

/// Name, default and what follows, of a text behind `${`. A colon begins `:-` or belongs to no name.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let (inside, after) = text.split_once('}')?;
    let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
    (!name.contains(':')).then_some((name, default, after))
}

/// What is left of the text, and the line that it begins on.
struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

/// What begins here is neither a binding nor a comment.
struct Unreadable;

impl<'a> Reader<'a> {
    /// One binding to the end of its line; `None`: a comment, or a name without a value.
    fn binding(&mut self) -> Result<Option<(String, String)>, Unreadable> {
        if let Some(after) = self.rest.strip_prefix("export")
            && after.starts_with(is_space)
        {
            self.skip("export".len());
            self.take_while(is_space);
        }
        let name = self.name()?;
        self.take_while(is_space);
        let mut text = None;
        if self.rest.starts_with('=') {
            self.skip(1);
            self.take_while(is_space);
            text = Some(self.value()?);
        }
        self.end_of_line()?;
        Ok(name.map(str::to_owned).zip(text))
    }

    /// `None`: a comment begins here.
    fn name(&mut self) -> Result<Option<&'a str>, Unreadable> {
        let name = match self.rest.chars().next() {
            Some('#') => return Ok(None),
            Some('\'') => {
                let inside = self.rest.get(1..).and_then(|rest| rest.split_once('\''));
                let (name, _) = inside.ok_or(Unreadable)?;
                self.skip(name.len() + 2);
                name
            }
            _ => self.take_while(|c| c != '=' && c != '#' && !is_blank(c)),
        };
        if name.is_empty() {
            return Err(Unreadable);
        }
        Ok(Some(name))
    }

    fn value(&mut self) -> Result<String, Unreadable> {
        let (quote, escapes) = match self.rest.chars().next() {
            Some(quote @ '\'') => (quote, r"\'"),
            Some(quote @ '"') => (quote, "\\'\"abfnrtv"),
            _ => {
                let text = self.take_while(|c| c != '\n');
                return Ok(without_comment(text).trim_end_matches(is_blank).to_owned());
            }
        };
        let text = self.quoted(quote).ok_or(Unreadable)?;
        Ok(unescape(text, escapes))
    }

    /// What stands between two quotes. A quote behind a backslash ends the text only if no other
    /// does, as in `"C:\dir\"`.
    fn quoted(&mut self, quote: char) -> Option<&'a str> {
        let inside = self.rest.get(1..)?;
        let (mut end, mut fallback) = (None, None);
        let mut chars = inside.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                end = Some(at);
                break;
            }
            if c == '\\'
                && let Some((at, _)) = chars.next_if(|(_, next)| *next == quote)
            {
                fallback = Some(at);
            }
        }
        let text = inside.get(..end.or(fallback)?)?;
        self.skip(text.len() + 2);
        Some(text)
    }

    fn end_of_line(&mut self) -> Result<(), Unreadable> {
        let after = self.rest.trim_start_matches(is_space);
        if after.starts_with('#') {
            self.take_while(|c| c != '\n');
        } else {
            self.take_while(is_space);
        }
        if self.rest.is_empty() || self.rest.starts_with('\n') {
            Ok(())
        } else {
            Err(Unreadable)
        }
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        self.skip(end)
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// Blanks as Python counts them: Unicode's, and the four separators of ASCII.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn is_space(c: char) -> bool {
    is_blank(c) && c != '\n'
}

/// The text before the first `#` that follows a blank.
fn without_comment(text: &str) -> &str {
    text.match_indices('#')
        .filter_map(|(at, _)| text.get(..at))
        .find(|before| before.ends_with(is_blank))
        .unwrap_or(text)
}

fn unescape(text: &str, known: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = (c == '\\').then(|| chars.next_if(|next| known.contains(*next)));
        out.push(match escaped.flatten() {
            None => c,
            Some('a') => '\u{7}',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\u{b}',
            Some(other) => other,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let read = DotEnv::read(text);
        let texts = read.expanded(|name| (name == "HOME").then(|| "/root".to_owned()));
        let names = read.bindings.iter().map(|binding| binding.name.clone());
        names.zip(texts.into_iter().map(Option::unwrap)).collect()
    }

    /// Each pair is what python-dotenv 1.x makes of the line.
    #[test]
    fn a_line_means_what_it_means_to_flask() {
        for (line, value) in [
            ("A=b", "b"),
            (" A = b ", "b"),
            ("export A=b", "b"),
            ("'A'=b", "b"),
            ("A=100/10 seconds;600/minute", "100/10 seconds;600/minute"),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A=#b", "#b"),
            ("A= # b", "# b"),
            ("A=", ""),
            ("A=''", ""),
            (r#"A="b\nc\t\"d\" \x""#, "b\nc\t\"d\" \\x"),
            (r"A='b\nc\'d\\'", r"b\nc'd\"),
            (r#"A="C:\dir\""#, r"C:\dir\"),
            ("A=\"b\nc\"", "b\nc"),
            ("A=a$b", "a$b"),
            ("A=${HOME}/x", "/root/x"),
            ("A=${NONE}x", "x"),
            ("A=${NONE:-y z}x", "y zx"),
            ("A=${NO:NE}", "${NO:NE}"),
            ("A=${", "${"),
            ("A='${HOME}'", "/root"),
            ("A=\"b\" # c", "b"),
            ("A=b=c", "b=c"),
        ] {
            let expected = [("A".to_owned(), value.to_owned())];
            assert_eq!(values(line), expected, "{line}");
        }
    }

    #[test]
    fn a_later_line_may_use_an_earlier_one_and_the_last_of_a_name_wins() {
        let read = values("A=1\nB=${A}2\r\nA=3\nC=${A}${HOME}\n");
        let texts: Vec<_> = read.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["1", "12", "3", "3/root"]);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_line_and_the_rest_holds() {
        let read = DotEnv::read("# notes\n\nA=1\nnot a setting\nB=\"open\nC='x' y\nNAME\n'=2\nD=4");
        assert_eq!(read.unreadable, [4, 5, 6, 8]);
        let names: Vec<_> = read.bindings.iter().map(|b| (b.line, &*b.name)).collect();
        assert_eq!(names, [(3, "A"), (9, "D")]);
    }

    #[test]
    fn values_that_double_each_other_end() {
        let doubled = |at| format!("A{at}=${{A{before}}}${{A{before}}}\n", before = at - 1);
        let lines: String = (1..60).map(doubled).collect();
        let expanded = DotEnv::read(&format!("A0=xxxxxxxxxxxxxxxx\n{lines}")).expanded(|_| None);
        let size: usize = expanded.iter().flatten().map(String::len).sum();
        assert!(size <= EXPANDED_BYTES, "{size}");
        assert_eq!(expanded[30], None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_every_line_is_accounted_for(
            text in "([A-Z]{0,3}[ =#'\"\\\\$\\{\\}:x\r\n\u{1d}é-]{0,12}){0,8}",
        ) {
            let read = DotEnv::read(&text);
            let lines = text.matches(['\r', '\n']).count() + 1;
            for line in read.bindings.iter().map(|b| b.line).chain(read.unreadable.iter().copied()) {
                prop_assert!((1..=lines).contains(&line));
            }
            prop_assert_eq!(read.expanded(|_| None).len(), read.bindings.len());
        }

        #[test]
        fn a_text_in_quotes_comes_back_as_it_was(text in "[^'$\r]*") {
            let quoted = text.replace('\\', r"\\");
            let read = values(&format!("A='{quoted}'\n"));
            // A backslash before the closing quote is the one text that quotes cannot hold.
            if !text.ends_with('\\') {
                prop_assert_eq!(read, [("A".to_owned(), text)]);
            }
        }
    }
}
