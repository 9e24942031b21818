//! What is kept for each connection of a shard, found by slot.

use crate::conn::ConnId;
use crate::spare::spare;

/// One value a connection. Slots are few and close together, so that a place is found without
/// hashing; the generation tells a slot's former connection from its present one.
#[derive(Debug)]
pub struct Slots<T> {
    places: Vec<Option<(u32, T)>>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// Keeps a value for a connection; that of a former one in the same slot goes.
    pub fn insert(&mut self, conn: ConnId, value: T) {
        let slot = conn.slot as usize;
        if self.places.len() <= slot {
            self.places.resize_with(slot + 1, || None);
        }
        if let Some(place) = self.places.get_mut(slot) {
            *place = Some((conn.generation, value));
        }
    }

    /// A connection's value.
    pub fn get(&self, conn: ConnId) -> Option<&T> {
        match self.places.get(conn.slot as usize)? {
            Some((generation, value)) if *generation == conn.generation => Some(value),
            _ => None,
        }
    }

    /// A connection's value, to change it.
    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut T> {
        match self.places.get_mut(conn.slot as usize)? {
            Some((generation, value)) if *generation == conn.generation => Some(value),
            _ => None,
        }
    }

    /// Takes a connection's value out.
    pub fn remove(&mut self, conn: ConnId) -> Option<T> {
        let place = self.places.get_mut(conn.slot as usize)?;
        let (_, value) = place.take_if(|(generation, _)| *generation == conn.generation)?;
        self.shrink();
        Some(value)
    }

    /// All connections that have a value, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        self.places.iter().zip(0..).filter_map(|(place, slot)| {
            let (generation, value) = place.as_ref()?;
            let generation = *generation;
            Some((ConnId { slot, generation }, value))
        })
    }

    /// The connection that holds a slot now, whatever its generation.
    pub fn in_slot(&self, slot: u32) -> Option<ConnId> {
        let (generation, _) = self.places.get(slot as usize)?.as_ref()?;
        Some(ConnId {
            slot,
            generation: *generation,
        })
    }

    /// How many connections have a value.
    pub fn len(&self) -> usize {
        self.places.iter().flatten().count()
    }

    /// Whether none has one.
    pub fn is_empty(&self) -> bool {
        // The last place is never an empty one.
        self.places.is_empty()
    }

    /// One more than the highest slot that is held.
    pub fn end(&self) -> usize {
        self.places.len()
    }

    /// Room for so many slots is held.
    pub fn capacity(&self) -> usize {
        self.places.capacity()
    }

    /// Gives back what a crowd needed that is gone.
    fn shrink(&mut self) {
        while let Some(None) = self.places.last() {
            self.places.pop();
        }
        if let Some(enough) = spare(self.places.len(), self.places.capacity()) {
            self.places.shrink_to(enough);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;
    use crate::conn::ConnId;
    use crate::spare::SMALL;

    const fn conn(slot: u32, generation: u32) -> ConnId {
        ConnId { slot, generation }
    }

    #[test]
    fn a_slots_former_connection_finds_nothing() {
        let mut slots = Slots::default();
        slots.insert(conn(2, 1), "first");
        assert_eq!(slots.get(conn(2, 1)), Some(&"first"));
        slots.insert(conn(2, 2), "second");
        assert_eq!((slots.get(conn(2, 1)), slots.get(conn(0, 1))), (None, None));
        assert_eq!(slots.remove(conn(2, 1)), None);
        assert_eq!(slots.remove(conn(2, 2)), Some("second"));
        assert_eq!(slots.remove(conn(2, 2)), None);
    }

    #[test]
    fn the_room_of_a_crowd_is_given_back() {
        let mut slots = Slots::default();
        let crowd = 8 * 1024;
        (0..crowd).for_each(|slot| slots.insert(conn(slot, 1), slot));
        for slot in (0..crowd).rev() {
            assert_eq!(slots.remove(conn(slot, 1)), Some(slot));
        }
        assert!(slots.places.capacity() <= SMALL * 2);
    }
}
