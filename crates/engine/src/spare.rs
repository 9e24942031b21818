//! When what a crowd needed is given back, by whatever holds a place for each connection.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

/// Room for so many is kept whatever comes.
pub(crate) const SMALL: usize = 1024;

/// Takes a value out of a map that a crowd may have filled.
pub fn take<K, V, Q, S>(map: &mut HashMap<K, V, S>, key: &Q) -> Option<V>
where
    K: Borrow<Q> + Eq + Hash,
    Q: Eq + Hash + ?Sized,
    S: BuildHasher,
{
    let value = map.remove(key)?;
    if let Some(enough) = spare(map.len(), map.capacity()) {
        map.shrink_to(enough);
    }
    Some(value)
}

/// To what a collection shrinks that holds `length` and has room for `capacity`; none where it stays as it is.
///
/// It shrinks at a quarter to a half, so that the moving costs each removal a constant.
pub(crate) const fn spare(length: usize, capacity: usize) -> Option<usize> {
    if capacity > SMALL && length < capacity / 4 {
        Some(length * 2)
    } else {
        None
    }
}

/// The same for a collection whose values cannot move: it can only give back what is behind the last of them, which
/// may be nothing. It is asked to as seldom as keeps the cost of asking constant for each removal.
#[derive(Debug, Default)]
pub struct Ebb {
    gone: usize,
}

impl Ebb {
    /// One was removed; whether it is now to shrink as far as it can.
    pub const fn ebbs(&mut self, length: usize, capacity: usize) -> bool {
        self.gone = self.gone.saturating_add(1);
        let is_time =
            spare(length, capacity).is_some() && (length == 0 || self.gone >= capacity / 4);
        if is_time {
            self.gone = 0;
        }
        is_time
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Ebb, SMALL, spare, take};

    #[test]
    fn a_quarter_full_collection_keeps_room_for_twice_as_many() {
        assert_eq!(spare(SMALL, 4 * SMALL), None);
        assert_eq!(spare(SMALL - 1, 4 * SMALL), Some(2 * (SMALL - 1)));
        assert_eq!(spare(0, SMALL), None);
    }

    #[test]
    fn a_map_gives_back_the_room_of_a_crowd_that_is_gone() {
        let crowd = 16 * SMALL;
        let mut map: HashMap<usize, usize> = (0..crowd).map(|key| (key, key)).collect();
        assert!((1..crowd).all(|key| take(&mut map, &key) == Some(key)));
        assert_eq!(take(&mut map, &1), None);
        assert!(map.capacity() <= 2 * SMALL, "{}", map.capacity());
        assert_eq!(map.get(&0), Some(&0));
    }

    #[test]
    fn what_cannot_shrink_is_asked_again_only_after_many_more_have_gone() {
        let (mut ebb, capacity) = (Ebb::default(), 64 * SMALL);
        let asked = (1..capacity)
            .rev()
            .filter(|length| ebb.ebbs(*length, capacity))
            .count();
        assert!((1..=4).contains(&asked), "{asked}");
        assert!(
            ebb.ebbs(0, capacity),
            "nothing is left to keep it from shrinking"
        );
    }
}
