//! Numbers that look random and are a pure function of where they are drawn: the crowd's person
//! 731,204 is the same person whether or not the other million were made first.

/// Scatters a number over all 64 bits, no two numbers to the same place (the finaliser of
/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Turns a text into a number, the same one in every run and on every machine.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(text.len() as u64, |sum, byte| mix(sum ^ u64::from(byte)))
}

/// A row of drawn numbers that begins at a root.
pub(crate) struct Draw(u64);

impl Draw {
    /// The row that begins at `root`.
    pub(crate) fn new(root: u64) -> Draw {
        Draw(root)
    }

    /// A number from `low` up to, but not including, `high`; `low` if there is none.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = mix(self.0);
        low + self.0.checked_rem(high.saturating_sub(low)).unwrap_or(0)
    }

    /// One of the choices; none if there are none.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.between(0, choices.len() as u64) as usize)
    }
}

/// An order in which the numbers below `len` are gone through, each exactly once in `len` steps.
///
/// Shares come out exact this way: of any `len` people in a row, precisely the intended number is
/// of each kind.
#[derive(Debug, Clone)]
pub(crate) struct Cycle {
    /// How many steps there are.
    len: u64,
    /// How far apart two steps land.
    stride: u64,
    /// Where the first one lands.
    offset: u64,
}

impl Cycle {
    /// An order of the numbers below `len` (at least one), chosen by `seed`.
    pub(crate) fn new(len: u64, seed: u64) -> Cycle {
        let len = len.max(1);
        // Near the golden section the steps land far apart; the next coprime stride makes it a
        // permutation.
        let near = (len as f64 * 0.618) as u64 + 1;
        let stride = (near..near + len).find(|stride| gcd(*stride, len) == 1).unwrap_or(1);
        Cycle {
            len,
            stride,
            offset: mix(seed) % len,
        }
    }

    /// What stands at step `index`, which may be any number: after `len` steps it begins anew.
    pub(crate) fn at(&self, index: u64) -> u64 {
        ((index % self.len) * self.stride + self.offset) % self.len
    }

    /// How many steps until it begins anew.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }
}

/// The greatest common divisor.
fn gcd(a: u64, b: u64) -> u64 {
    match b {
        0 => a,
        b => gcd(b, a % b),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cycle, Draw, hash};

    #[test]
    fn a_cycle_visits_everything_once() {
        for len in [1, 2, 20, 100, 1600] {
            let cycle = Cycle::new(len, 7);
            let mut seen: Vec<u64> = (0..len).map(|step| cycle.at(step)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..len).collect::<Vec<_>>());
            assert_eq!(cycle.at(3), cycle.at(3 + len));
        }
    }

    #[test]
    fn draws_stay_in_range_and_repeat() {
        let mut draw = Draw::new(hash("someone"));
        let numbers: Vec<u64> = (0..1000).map(|_| draw.between(5, 9)).collect();
        assert!(numbers.iter().all(|number| (5..9).contains(number)));
        assert!((5..9).all(|number| numbers.contains(&number)));
        assert_eq!(Draw::new(1).between(3, 3), 3);
        assert_eq!(Draw::new(1).pick::<u8>(&[]), None);
        assert_ne!(hash("ab"), hash("ba"));
    }
}
