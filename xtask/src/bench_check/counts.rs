//! What callgrind says of one run.

use std::collections::HashMap;

/// What a C library calls the functions that allocate.
const ALLOCATORS: [&str; 6] = [
    "malloc",
    "calloc",
    "realloc",
    "aligned_alloc",
    "memalign",
    "posix_memalign",
];

/// What one run took in all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) instructions: u64,
    pub(super) allocations: u64,
}

impl Counts {
    /// Reads callgrind's file: the sum, and every call of an allocator. A function's name stands behind
    /// its number once, later the number alone.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut names = HashMap::new();
        let mut instructions = None;
        let (mut allocations, mut is_allocator) = (0, false);
        for line in text.lines() {
            let Some((key, value)) = line.split_once(['=', ':']) else {
                continue;
            };
            match key {
                "fn" | "cfn" => {
                    let (number, name) = value.split_once(' ').unwrap_or((value, ""));
                    let known = names
                        .entry(number.to_owned())
                        .or_insert_with(|| ALLOCATORS.contains(&name));
                    is_allocator = *known;
                }
                "calls" if is_allocator => allocations += first_number(value)?,
                "totals" => instructions = first_number(value),
                _ => {}
            }
        }
        Some(Self {
            instructions: instructions?,
            allocations,
        })
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn calls_of_allocators_are_counted_by_name_and_by_number() {
        let text = "events: Ir\nsummary: 12\n\nfn=(1) main\n3 5\ncfn=(2) malloc\ncalls=4 10\n* 20\n\
                    cfn=(3) free\ncalls=4 11\n* 8\n\nfn=(2)\n10 7\n\nfn=(4) other\ncfn=(2)\ncalls=2 10\n\
                    +1 9\ncfn=(5) realloc\ncalls=1 1\n* 3\ntotals: 6500\n";
        let counts = Counts::read(text);
        assert_eq!(
            counts,
            Some(Counts {
                instructions: 6500,
                allocations: 7
            })
        );
        assert_eq!(Counts::read("fn=(1) main\n3 5\n"), None);
    }
}
