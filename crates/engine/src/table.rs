//! Values found by the place that they were given.

use std::ops::Deref;

use slab::Slab;

use crate::spare::Ebb;

/// A slab that gives back what a crowd needed that is gone.
///
/// A place that is given back and taken again may be another's: whoever keeps a place for long keeps a generation
/// beside it.
#[derive(Debug)]
pub struct Table<T> {
    slab: Slab<T>,
    ebb: Ebb,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            slab: Slab::new(),
            ebb: Ebb::default(),
        }
    }
}

impl<T> Table<T> {
    /// Keeps a value; its place is [`Slab::vacant_key`]'s.
    pub fn insert(&mut self, value: T) -> usize {
        self.slab.insert(value)
    }

    /// The value at a place, to change it.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.slab.get_mut(place)
    }

    /// Takes the value at a place out.
    pub fn remove(&mut self, place: usize) -> Option<T> {
        let value = self.slab.try_remove(place)?;
        if self.ebb.ebbs(self.slab.len(), self.slab.capacity()) {
            self.slab.shrink_to_fit();
        }
        Some(value)
    }
}

impl<T> Deref for Table<T> {
    type Target = Slab<T>;

    fn deref(&self) -> &Slab<T> {
        &self.slab
    }
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::spare::SMALL;

    #[test]
    fn the_room_of_a_crowd_is_given_back_in_whatever_order_it_goes() {
        let crowd = 16 * SMALL;
        let orders: [Vec<usize>; 2] = [(0..crowd).collect(), (0..crowd).rev().collect()];
        for order in orders {
            let mut table = Table::default();
            (0..crowd).for_each(|value| assert_eq!(table.insert(value), value));
            for place in order {
                assert_eq!(table.remove(place), Some(place));
                assert_eq!(table.remove(place), None);
            }
            assert!(table.capacity() <= SMALL);
        }
    }
}
