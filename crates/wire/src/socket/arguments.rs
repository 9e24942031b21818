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

impl Default for Arguments {
    fn default() -> Self {
        Self::from([].as_slice())
    }
}

impl Arguments {
    /// Adds a value. The caller knows that it is JSON.
    pub fn push(&mut self, json: &str) {
        self.array.pop();
        if !self.ends.is_empty() {
            self.array.push(',');
        }
        self.array.push_str(json);
        self.ends.push(self.array.len());
        self.array.push(']');
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
        let bytes: usize = values.iter().map(|value| value.len() + ",".len()).sum();
        let mut array = CompactString::with_capacity(bytes + "[]".len());
        let mut ends = SmallVec::new();
        array.push('[');
        for value in values {
            if !ends.is_empty() {
                array.push(',');
            }
            array.push_str(value);
            ends.push(array.len());
        }
        array.push(']');
        Self { array, ends }
    }
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
