//! Plays many cases at the same time, each in a world of its own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cases that are played at once: those that have work to do, and those that do nothing but wait.
const WORKING: usize = 16;
const WAITING: usize = 48;

/// Plays all cases, and returns what came of each, in their order. `waits` says of a case that it mostly waits.
pub fn play<C: Sync, R: Send>(cases: &[C], waits: impl Fn(&C) -> bool, play: impl Fn(&C) -> R + Sync) -> Vec<R> {
    let (waiting, working): (Vec<usize>, Vec<usize>) = (0..cases.len()).partition(|at| waits(&cases[*at]));
    let (next, played) = ([AtomicUsize::new(0), AtomicUsize::new(0)], Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for (indices, next, threads) in [(&waiting, &next[0], WAITING), (&working, &next[1], WORKING)] {
            for _ in 0..threads.min(indices.len()) {
                scope.spawn(|| {
                    while let Some(at) = indices.get(next.fetch_add(1, Ordering::SeqCst)) {
                        // Not in one line: the lock would be held meanwhile.
                        let outcome = play(&cases[*at]);
                        played.lock().unwrap().push((*at, outcome));
                    }
                });
            }
        }
    });
    let mut played = played.into_inner().unwrap();
    played.sort_by_key(|(at, _)| *at);
    played.into_iter().map(|(_, outcome)| outcome).collect()
}
