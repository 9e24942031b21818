//! The arguments of an event or an ack, as the client wrote them.

use compact_str::CompactString;
use smallvec::SmallVec;

/// Raw JSON values in one text: `["x",{"a":1}]`, and where each stands.
///
/// One allocation for all, none where they are short, and the array of an ack or of an event that is passed on is there already.
///
/// ```
/// use bellgate_wire::Arguments;
///
/// let arguments: Arguments = ["\"x\"", "{\"a\":1}"].into_iter().collect();
/// assert_eq!(arguments.array(), "[\"x\",{\"a\":1}]");
/// assert_eq!(arguments.get(1), Some("{\"a\":1}"));
/// assert_eq!(arguments.iter().count(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    array: CompactString,
    /// Where each value ends; the next begins behind a comma.
    ends: SmallVec<[usize; 2]>,
}

/// An array that values are yet to be put into.
const OPENED: CompactString = CompactString::const_new("[");

impl Default for Arguments {
    fn default() -> Self {
        Self::from([].as_slice())
    }
}

impl Arguments {
    /// The last values of `data`, a JSON array that they were cut from.
    ///
    /// They mostly stand there as they are kept, without blanks, and then are taken in one piece.
    pub(crate) fn cut(data: &str, values: &[&str]) -> Self {
        let tail = data.len().checked_sub(tail_len(values));
        let tail = tail.and_then(|start| data.get(start..));
        let (Some(first), Some(tail)) = (values.first(), tail) else {
            return Self::from(values);
        };
        let is_tight = tail
            .get(..first.len())
            .is_some_and(|text| std::ptr::eq(text, *first));
        if !is_tight {
            return Self::from(values);
        }
        let mut array = OPENED;
        array.push_str(tail);
        Self::of(array, values)
    }

    /// An array that these values fill without blanks.
    fn of(array: CompactString, values: &[&str]) -> Self {
        let ends = values.iter().scan(0, |end, value| {
            *end += 1 + value.len();
            Some(*end)
        });
        Self {
            ends: ends.collect(),
            array,
        }
    }

    /// Adds a value. The caller knows that it is JSON.
    pub fn push(&mut self, json: &str) {
        self.array.pop();
        if !self.ends.is_empty() {
            self.array.push_str(",");
        }
        self.array.push_str(json);
        self.ends.push(self.array.len());
        self.array.push_str("]");
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The raw JSON of the value at `index`.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let before = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        self.array.get(before.copied().unwrap_or(0) + 1..end)
    }

    /// The raw JSON of each value.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// All of them as a JSON array.
    pub fn array(&self) -> &str {
        &self.array
    }
}

impl<'a> FromIterator<&'a str> for Arguments {
    fn from_iter<I: IntoIterator<Item = &'a str>>(values: I) -> Self {
        let values: SmallVec<[&str; 4]> = values.into_iter().collect();
        Self::from(values.as_slice())
    }
}

impl From<&[&str]> for Arguments {
    fn from(values: &[&str]) -> Self {
        let mut array = OPENED;
        array.reserve(tail_len(values).max("]".len()));
        for value in values {
            if array.len() > OPENED.len() {
                array.push_str(",");
            }
            array.push_str(value);
        }
        array.push_str("]");
        Self::of(array, values)
    }
}

/// Bytes of these values, each with the comma or the bracket behind it.
fn tail_len(values: &[&str]) -> usize {
    values.iter().map(|value| value.len() + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    #[test]
    fn values_are_found_as_they_were_added() {
        let mut arguments = Arguments::default();
        assert_eq!((arguments.array(), arguments.get(0)), ("[]", None));
        for (count, value) in ["1", "\"\u{e9}\"", "[ ]", "{}"].into_iter().enumerate() {
            arguments.push(value);
            assert_eq!(arguments.get(count), Some(value));
            assert_eq!(arguments.len(), count + 1);
        }
        assert_eq!(arguments.array(), "[1,\"\u{e9}\",[ ],{}]");
        let again: Arguments = arguments.iter().collect();
        assert_eq!(again, arguments);
    }
}
