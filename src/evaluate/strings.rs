//! Interned strings: every text of the snapshot is kept once and named by a number.

use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Number of a text.
pub(super) type Symbol = u32;

/// Parts of the table that can be written to at the same time; a power of two.
const SHARDS: usize = 64;
const SHARD_BITS: u32 = SHARDS.trailing_zeros();

/// The first symbol that is not a text; those from here on are states of a cell.
pub(super) const FIRST_STATE: Symbol = u32::MAX - 15;

/// Texts being collected, from several threads at once.
#[derive(Debug)]
pub(super) struct Interner {
    hasher: DefaultHashBuilder,
    shards: Vec<Mutex<Shard>>,
}

/// Texts that were collected.
#[derive(Debug)]
pub(super) struct Strings {
    shards: Vec<Shard>,
}

#[derive(Debug, Default)]
struct Shard {
    numbers: HashTable<u32>,
    ends: Vec<u32>,
    bytes: String,
}

impl Shard {
    fn text(&self, number: u32) -> &str {
        let at = number as usize;
        let start = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.bytes.get(start as usize..end as usize).unwrap_or_default()
    }

    fn find(&self, hash: u64, text: &str) -> Option<u32> {
        self.numbers.find(hash, |number| self.text(*number) == text).copied()
    }
}

/// Which part a text belongs to: by bits in the middle, because the tables inside tell their entries apart by the highest
/// and place them by the lowest. Were these the same in a whole part, most look-ups would compare with texts of others.
fn shard_of(hash: u64) -> usize {
    (hash >> 40) as usize & (SHARDS - 1)
}

fn symbol(shard: usize, number: u32) -> Symbol {
    (number << SHARD_BITS) | u32::try_from(shard).unwrap_or_default()
}

impl Interner {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self {
            hasher: DefaultHashBuilder::default(),
            shards,
        }
    }

    /// The number of a text; a new one if it was not seen. `None` once there are too many or too long texts.
    pub(super) fn intern(&self, text: &str) -> Option<Symbol> {
        let hash = self.hasher.hash_one(text);
        let at = shard_of(hash);
        let mut shard = self.shards.get(at)?.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = shard.find(hash, text) {
            return Some(symbol(at, number));
        }
        let number = u32::try_from(shard.ends.len())
            .ok()
            .filter(|number| *number < FIRST_STATE >> SHARD_BITS)?;
        let end = u32::try_from(shard.bytes.len() + text.len()).ok()?;
        shard.bytes.push_str(text);
        shard.ends.push(end);
        let Shard { numbers, ends, bytes } = &mut *shard;
        let hasher = &self.hasher;
        numbers.insert_unique(hash, number, |number| {
            let at = *number as usize;
            let start = at
                .checked_sub(1)
                .and_then(|before| ends.get(before))
                .copied()
                .unwrap_or(0);
            let end = ends.get(at).copied().unwrap_or(start);
            hasher.hash_one(bytes.get(start as usize..end as usize).unwrap_or_default())
        });
        Some(symbol(at, number))
    }

    /// The text of a number.
    pub(super) fn text(&self, symbol: Symbol) -> Option<String> {
        let shard = self
            .shards
            .get(symbol as usize & (SHARDS - 1))?
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Some(shard.text(symbol >> SHARD_BITS).to_owned())
    }

    /// No more texts come; they can now be read without locks.
    pub(super) fn freeze(self) -> Strings {
        let shards = self
            .shards
            .into_iter()
            .map(|shard| {
                let mut shard = shard.into_inner().unwrap_or_else(PoisonError::into_inner);
                shard.bytes.shrink_to_fit();
                shard.ends.shrink_to_fit();
                shard
            })
            .collect();
        Strings { shards }
    }
}

impl Strings {
    /// The text of a number.
    pub(super) fn text(&self, symbol: Symbol) -> &str {
        let shard = self.shards.get(symbol as usize & (SHARDS - 1));
        shard.map_or("", |shard| shard.text(symbol >> SHARD_BITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_are_kept_once() {
        let interner = Interner::new();
        let texts: Vec<String> = (0..5000).map(|n| format!("text {}", n % 1000)).collect();
        let symbols: Vec<Symbol> = texts.iter().map(|text| interner.intern(text).unwrap()).collect();
        assert_eq!(symbols[0], symbols[1000]);
        assert!(symbols.iter().all(|symbol| *symbol < FIRST_STATE));
        let strings = interner.freeze();
        for (symbol, text) in symbols.iter().zip(&texts) {
            assert_eq!(strings.text(*symbol), text);
        }
    }
}
