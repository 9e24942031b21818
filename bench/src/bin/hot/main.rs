//! The hot paths, through the crates' public faces and without sockets: `hot PATH COUNT` goes a path
//! COUNT times, `hot` alone lists the paths. `cargo xtask bench --check` counts the instructions.
//!
//! [`packets`] reads and writes bytes, [`shard`] is hub and sessions as a shard has them, [`origins`]
//! judges. A path ends with what it did being looked at: a refusal on the way would be quick too.

mod origins;
mod packets;
mod shard;

use std::process::ExitCode;

/// A path, and how it is measured.
struct Path {
    name: &'static str,
    /// How often it is gone at least; the check goes it twice as often as well.
    count: usize,
    /// Units of work each time.
    units: usize,
    /// Goes it so many times.
    go: fn(usize) -> Outcome,
}

/// Nothing, or what did not happen.
type Outcome = Result<(), String>;

const fn path(name: &'static str, count: usize, go: fn(usize) -> Outcome) -> Path {
    Path {
        name,
        count,
        units: 1,
        go,
    }
}

const PATHS: [Path; 12] = [
    path("encode an event", 4_000, packets::encode),
    path("decode an event", 4_000, packets::decode),
    path("decode an event with ack", 4_000, packets::decode_with_ack),
    path(
        "decode an event with an object",
        4_000,
        packets::decode_object,
    ),
    Path {
        units: shard::MEMBERS,
        ..path("broadcast, a delivery of 1,000", 10, shard::broadcast)
    },
    path("echo with ack", 4_000, shard::echo),
    path("open, join, close", 2_000, shard::connect),
    path("read a request's facts", 2_000, origins::facts),
    path("judge, listed, 1,000 entries", 500, origins::listed),
    path("judge, pattern, 1,000 entries", 200, origins::pattern),
    path("judge, refused, 1,000 entries", 200, origins::refused),
    path("judge, each way, 10,000 entries", 50, origins::many),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [] => {
            for path in &PATHS {
                println!("{}\t{}\t{}", path.name, path.count, path.units);
            }
            Ok(())
        }
        [name, count] => go(name, count),
        _ => Err("usage: hot [PATH COUNT]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn go(name: &str, count: &str) -> Outcome {
    let path = PATHS.iter().find(|path| path.name == name);
    let path = path.ok_or_else(|| format!("no path is called {name}"))?;
    let count = count.parse().map_err(|_| format!("{count} is no number"))?;
    (path.go)(count)
}

/// All of a path's work was done, and not less.
fn all(done: usize, expected: usize, what: &str) -> Outcome {
    if done == expected {
        Ok(())
    } else {
        Err(format!("{done} {what} instead of {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use super::PATHS;

    #[test]
    fn every_path_does_what_it_says() {
        for path in &PATHS {
            assert_eq!((path.go)(2), Ok(()), "{}", path.name);
        }
    }
}
