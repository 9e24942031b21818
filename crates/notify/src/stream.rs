//! The heads of the streams: which place the next record gets.

use std::collections::HashMap;

/// In-memory heads of the streams, each gap-free from 1.
///
/// The map grows with the streams that were ever published to; callers are holders of an API key.
#[derive(Debug, Clone, Default)]
pub struct Streams {
    heads: HashMap<String, u64>,
}

impl Streams {
    /// Takes the next place of a stream.
    pub fn append(&mut self, stream: &str) -> u64 {
        if let Some(head) = self.heads.get_mut(stream) {
            *head += 1;
            return *head;
        }
        self.heads.insert(stream.to_owned(), 1);
        1
    }

    /// The place of the newest record; 0 before the first.
    pub fn head(&self, stream: &str) -> u64 {
        self.heads.get(stream).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Streams;

    #[test]
    fn each_stream_counts_without_gaps_from_one() {
        let mut streams = Streams::default();
        assert_eq!(streams.head("user:1"), 0);
        assert_eq!(streams.append("user:1"), 1);
        assert_eq!(streams.append("all"), 1);
        assert_eq!(streams.append("user:1"), 2);
        assert_eq!((streams.head("user:1"), streams.head("all")), (2, 1));
    }
}
