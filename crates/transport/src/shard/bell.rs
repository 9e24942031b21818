//! Waking a shard from another thread: at once, or from another shard at the end of that one's tick.
//!
//! What is sent to a shard stands in its queue at once, in order. A shard that sends to another one rings its bell only
//! when its own tick's inputs are taken in (from the flush task, before it writes). So what one tick tells everybody
//! is there when the other wakes, which then writes each of its connections once for all of it; woken by the first
//! broadcast of several, it would write that one alone.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::Context;

use futures_util::task::AtomicWaker;

use super::flush::FlushSignal;

/// Wakes a shard that waits for its queue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(Arc<AtomicWaker>);

impl Bell {
    /// The shard sleeps until the next ring; it looks into its queue once more after this.
    pub(super) fn arm(&self, cx: &Context<'_>) {
        self.0.register(cx.waker());
    }

    /// Wakes the shard, or has it woken at the end of the tick if the caller is another shard.
    pub(super) fn ring(&self) {
        let is_put_off = TICK.try_with(|tick| match tick.borrow_mut().as_mut() {
            Some(tick) => tick.put_off(self),
            None => false,
        });
        if !is_put_off.unwrap_or(false) {
            self.0.wake();
        }
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

thread_local! {
    /// That of the shard whose thread this is.
    static TICK: RefCell<Option<Tick>> = const { RefCell::new(None) };
}

/// What a shard does for others when its tick ends.
struct Tick {
    own: Bell,
    flush: FlushSignal,
    due: Vec<Bell>,
}

impl Tick {
    /// Whether the bell is another's, which rings at the end of the tick then.
    fn put_off(&mut self, bell: &Bell) -> bool {
        if bell.is(&self.own) {
            return false;
        }
        if !self.due.iter().any(|due| due.is(bell)) {
            self.due.push(bell.clone());
            self.flush.wake();
        }
        true
    }
}

/// Rings what is due. For the flush task, which the first of it wakes.
pub(super) fn ring_due() {
    TICK.with(|tick| {
        if let Some(tick) = tick.borrow_mut().as_mut() {
            tick.due.drain(..).for_each(|bell| bell.0.wake());
        }
    });
}

/// This thread is a shard's, until this is dropped.
pub(super) struct OnShard(());

impl OnShard {
    /// The shard's own bell rings at once, and its flush task ends its ticks.
    pub(super) fn enter(own: Bell, flush: FlushSignal) -> Self {
        let due = Vec::new();
        TICK.set(Some(Tick { own, flush, due }));
        Self(())
    }
}

impl Drop for OnShard {
    fn drop(&mut self) {
        ring_due();
        TICK.set(None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Woken {
        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    /// A bell that somebody waits for.
    fn armed() -> (Bell, Arc<Woken>) {
        let (bell, woken) = (Bell::default(), Arc::new(Woken::default()));
        bell.arm(&Context::from_waker(&Waker::from(woken.clone())));
        (bell, woken)
    }

    #[test]
    fn a_thread_that_is_no_shards_wakes_at_once() {
        let (bell, woken) = armed();
        bell.ring();
        assert_eq!(woken.count(), 1);
    }

    #[test]
    fn a_shard_wakes_itself_at_once_and_another_once_at_the_end_of_its_tick() {
        let ((own, own_woken), (other, other_woken)) = (armed(), armed());
        let shard = OnShard::enter(own.clone(), FlushSignal::default());
        for _ in 0..3 {
            own.ring();
            other.ring();
        }
        assert_eq!((own_woken.count(), other_woken.count()), (1, 0));
        ring_due();
        assert_eq!(other_woken.count(), 1);
        drop(shard);
        assert_eq!(other_woken.count(), 1);
    }

    #[test]
    fn what_is_due_when_a_shard_ends_is_rung() {
        let (other, woken) = armed();
        let shard = OnShard::enter(Bell::default(), FlushSignal::default());
        other.ring();
        drop(shard);
        assert_eq!(woken.count(), 1);
    }

    #[test]
    fn the_flush_task_is_woken_for_what_is_due() {
        let (other, _) = armed();
        let (flush, woken) = (FlushSignal::default(), Arc::new(Woken::default()));
        flush.arm(&Context::from_waker(&Waker::from(woken.clone())));
        let _shard = OnShard::enter(Bell::default(), flush);
        other.ring();
        assert_eq!(woken.count(), 1);
    }
}
