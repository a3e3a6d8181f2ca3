//! The texts of one column: where they recur, each is kept once and named by a code; else they stand side by side.
//!
//! A column of its own for every field needs no lock while chunks are read in parallel, and a code per row lets a
//! condition be answered once for each different text instead of once for each row.

use std::collections::HashSet;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::column::State;

/// Number of a text within its column; the first few stand for cells without a text.
pub(super) type Code = u32;

/// The code of the first text; smaller ones are states.
const FIRST: Code = 4;
/// Different texts from which on a column may stop to keep each once, if most of its rows have one of their own.
const MANY: usize = 512;
/// Most different texts that are kept once. A chunk that is appended has far fewer than there are codes beyond.
const MOST: usize = 1 << 31;

/// Texts of one column, or the states of cells that have none.
#[derive(Debug)]
pub(super) enum Texts {
    /// Few different ones.
    Coded(Coded),
    /// Mostly different ones.
    Plain(Plain),
}

/// A code for each row.
#[derive(Debug, Default)]
pub(super) struct Coded {
    codes: Vec<Code>,
    words: Words,
}

/// A text for each row.
#[derive(Debug, Default)]
pub(super) struct Plain {
    states: Vec<State>,
    texts: Joined,
}

/// Different texts, found by their hash.
#[derive(Debug, Default)]
struct Words {
    texts: Joined,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// Texts one behind the other.
#[derive(Debug, Default)]
struct Joined {
    bytes: String,
    ends: Vec<usize>,
}

impl Joined {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn range(&self, at: usize) -> std::ops::Range<usize> {
        let before = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = before.copied().unwrap_or(0);
        start..self.ends.get(at).copied().unwrap_or(start)
    }

    fn get(&self, at: usize) -> &str {
        self.bytes.get(self.range(at)).unwrap_or_default()
    }

    fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    fn append(&mut self, other: &Self) {
        let base = self.bytes.len();
        self.bytes.push_str(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| end + base));
    }

    fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

impl Words {
    /// The code of a text, a new one if it was not seen.
    fn code(&mut self, text: &str) -> Code {
        let Self { texts, numbers, hasher } = self;
        let hash = hasher.hash_one(text);
        if let Some(number) = numbers.find(hash, |number| texts.get(*number as usize) == text) {
            return number + FIRST;
        }
        let number = u32::try_from(texts.len()).unwrap_or(u32::MAX - FIRST);
        texts.push(text);
        numbers.insert_unique(hash, number, |number| hasher.hash_one(texts.get(*number as usize)));
        number + FIRST
    }

    fn text(&self, code: Code) -> &str {
        self.texts.get((code - FIRST) as usize)
    }
}

fn state_code(state: State) -> Code {
    state as Code
}

/// What a code stands for.
fn state_of(code: Code) -> State {
    match code {
        1 => State::Null,
        2 => State::Absent,
        3 => State::Wrong,
        _ => State::Value,
    }
}

impl Coded {
    /// The code of a row.
    pub(super) fn code(&self, row: usize) -> Code {
        self.codes.get(row).copied().unwrap_or(state_code(State::Absent))
    }

    /// How many codes there are.
    pub(super) fn codes(&self) -> usize {
        self.words.texts.len() + FIRST as usize
    }

    /// The text of a row, or what is there instead.
    pub(super) fn get(&self, row: usize) -> Result<&str, State> {
        match self.code(row) {
            code if code >= FIRST => Ok(self.words.text(code)),
            code => Err(state_of(code)),
        }
    }

    fn push(&mut self, text: &str) {
        // The same text often comes again at once.
        let last = self.codes.last().copied().filter(|last| *last >= FIRST);
        let last = last.filter(|last| self.words.text(*last) == text);
        let code = last.unwrap_or_else(|| self.words.code(text));
        self.codes.push(code);
    }

    /// Whether the texts do not recur enough for codes to be worth it.
    fn is_diverse(&self) -> bool {
        let different = self.words.texts.len();
        different >= MANY && different > MOST.min(self.codes.len() / 2)
    }

    fn plain(&self) -> Plain {
        let mut plain = Plain::default();
        for code in &self.codes {
            match *code {
                code if code >= FIRST => plain.push(self.words.text(code)),
                code => plain.push_state(state_of(code)),
            }
        }
        plain
    }

    fn append(&mut self, other: &Self) {
        let words = 0..other.words.texts.len();
        let words = words.map(|number| self.words.code(other.words.texts.get(number)));
        let codes: Vec<Code> = (0..FIRST).chain(words).collect();
        let code = |code: &Code| codes.get(*code as usize).copied().unwrap_or_default();
        self.codes.extend(other.codes.iter().map(code));
    }
}

impl Plain {
    fn get(&self, row: usize) -> Result<&str, State> {
        match self.states.get(row) {
            Some(State::Value) => Ok(self.texts.get(row)),
            Some(state) => Err(*state),
            None => Err(State::Absent),
        }
    }

    fn push(&mut self, text: &str) {
        self.texts.push(text);
        self.states.push(State::Value);
    }

    fn push_state(&mut self, state: State) {
        self.texts.push("");
        self.states.push(state);
    }

    fn append(&mut self, other: &Self) {
        self.texts.append(&other.texts);
        self.states.extend_from_slice(&other.states);
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self::Coded(Coded::default())
    }
}

impl Texts {
    /// No texts yet, kept in the way that has shown to suit these.
    pub(super) fn fresh(&self) -> Self {
        match self {
            Self::Coded(_) => Self::default(),
            Self::Plain(_) => Self::Plain(Plain::default()),
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Coded(coded) => coded.codes.len(),
            Self::Plain(plain) => plain.states.len(),
        }
    }

    /// The text of a row, or what is there instead.
    pub(super) fn get(&self, row: usize) -> Result<&str, State> {
        match self {
            Self::Coded(coded) => coded.get(row),
            Self::Plain(plain) => plain.get(row),
        }
    }

    /// Adds a row with a text.
    pub(super) fn push(&mut self, text: &str) {
        match self {
            Self::Coded(coded) => coded.push(text),
            Self::Plain(plain) => plain.push(text),
        }
    }

    /// Adds a row without a text.
    pub(super) fn push_state(&mut self, state: State) {
        match self {
            Self::Coded(coded) => coded.codes.push(state_code(state)),
            Self::Plain(plain) => plain.push_state(state),
        }
    }

    /// Puts other rows behind these, and stops keeping each text once where that does not pay.
    pub(super) fn append(&mut self, other: &Self) {
        let plain = match (&mut *self, other) {
            (Self::Plain(mine), Self::Plain(theirs)) => return mine.append(theirs),
            (Self::Plain(mine), Self::Coded(theirs)) => return mine.append(&theirs.plain()),
            (Self::Coded(mine), Self::Coded(theirs)) => {
                mine.append(theirs);
                if !mine.is_diverse() {
                    return;
                }
                mine.plain()
            }
            (Self::Coded(mine), Self::Plain(theirs)) => {
                let mut plain = mine.plain();
                plain.append(theirs);
                plain
            }
        };
        *self = Self::Plain(plain);
    }

    /// Cuts the column to a number of rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        match self {
            Self::Coded(coded) => coded.codes.truncate(rows),
            Self::Plain(plain) => {
                plain.states.truncate(rows);
                plain.texts.truncate(rows);
            }
        }
    }

    /// Gives back memory that was kept for more rows.
    pub(super) fn shrink(&mut self) {
        match self {
            Self::Coded(coded) => coded.codes.shrink_to_fit(),
            Self::Plain(plain) => {
                plain.states.shrink_to_fit();
                plain.texts.bytes.shrink_to_fit();
                plain.texts.ends.shrink_to_fit();
            }
        }
    }

    /// The texts that occur, each at least once.
    pub(super) fn occurring(&self) -> impl Iterator<Item = &str> {
        let (words, rows) = match self {
            Self::Coded(coded) => (coded.words.texts.len(), 0),
            Self::Plain(plain) => (0, plain.states.len()),
        };
        let word = |at| match self {
            Self::Coded(coded) => Some(coded.words.texts.get(at)),
            Self::Plain(_) => None,
        };
        (0..words)
            .filter_map(word)
            .chain((0..rows).filter_map(|row| self.get(row).ok()))
    }

    /// Takes rows where nothing is there for null, where another row of the same group has something there, be it null.
    /// Without groups all rows are one.
    pub(super) fn null_where_used(&mut self, groups: Option<&Self>) {
        let group = |row| groups.and_then(|groups| groups.get(row).ok());
        let is_absent = |texts: &Self, row| texts.get(row) == Err(State::Absent);
        let used: HashSet<Option<&str>> = (0..self.len())
            .filter(|row| !is_absent(self, *row))
            .map(group)
            .collect();
        for row in 0..self.len() {
            if is_absent(self, row) && used.contains(&group(row)) {
                self.set_null(row);
            }
        }
    }

    fn set_null(&mut self, row: usize) {
        match self {
            Self::Coded(coded) => {
                if let Some(code) = coded.codes.get_mut(row) {
                    *code = state_code(State::Null);
                }
            }
            Self::Plain(plain) => {
                if let Some(state) = plain.states.get_mut(row) {
                    *state = State::Null;
                }
            }
        }
    }

    /// Takes empty texts for no value.
    pub(super) fn without_empty(&mut self) {
        match self {
            Self::Coded(Coded { codes, words }) => {
                let Some(empty) = (0..words.texts.len()).find(|number| words.texts.get(*number).is_empty()) else {
                    return;
                };
                for code in codes
                    .iter_mut()
                    .filter(|code| **code as usize == empty + FIRST as usize)
                {
                    *code = state_code(State::Null);
                }
            }
            Self::Plain(Plain { states, texts }) => {
                for (row, state) in states.iter_mut().enumerate() {
                    if *state == State::Value && texts.range(row).is_empty() {
                        *state = State::Null;
                    }
                }
            }
        }
    }

    /// Writes texts in another way of the same length, where `spelling` knows one.
    pub(super) fn respell<'s>(&mut self, spelling: impl Fn(&str) -> Option<&'s str>) {
        let texts = match self {
            // Two codes may then stand for one text, which is as true.
            Self::Coded(coded) => &mut coded.words.texts,
            Self::Plain(plain) => &mut plain.texts,
        };
        for at in 0..texts.len() {
            let text = texts.get(at);
            if let Some(new) = spelling(text).filter(|new| new.len() == text.len() && *new != text) {
                texts.bytes.replace_range(texts.range(at), new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of which every third has no text, put together of chunks.
    fn column(range: std::ops::Range<usize>, different: usize) -> Texts {
        let mut texts = Texts::default();
        for start in range.clone().step_by(500) {
            let mut chunk = texts.fresh();
            for n in start..range.end.min(start + 500) {
                match n % 3 {
                    0 => chunk.push_state(State::Null),
                    _ => chunk.push(&format!("text {}", n % different)),
                }
            }
            texts.append(&chunk);
        }
        texts
    }

    fn rows(texts: &Texts) -> Vec<Result<&str, State>> {
        (0..texts.len()).map(|row| texts.get(row)).collect()
    }

    #[test]
    fn an_empty_text_is_taken_for_no_value() {
        for different in [3, 100_000] {
            let mut texts = column(0..3_000, different);
            texts.push("");
            texts.push("text");
            let mut before: Vec<_> = rows(&texts).into_iter().map(|row| row.map(str::to_owned)).collect();
            texts.without_empty();
            before[3_000] = Err(State::Null);
            let after: Vec<_> = rows(&texts).into_iter().map(|row| row.map(str::to_owned)).collect();
            assert_eq!(after, before);
        }
    }

    #[test]
    fn what_others_of_a_group_have_is_null_where_it_is_absent() {
        let (absent, null) = (Err(State::Absent), Err(State::Null));
        let mut groups = Texts::default();
        let mut texts = Texts::default();
        for (group, cell) in [("a", Ok("x")), ("a", absent), ("b", absent), ("c", null), ("c", absent)] {
            groups.push(group);
            match cell {
                Ok(text) => texts.push(text),
                Err(state) => texts.push_state(state),
            }
        }
        texts.null_where_used(Some(&groups));
        assert_eq!(rows(&texts), [Ok("x"), null, absent, null, null]);
        texts.null_where_used(None);
        assert_eq!(rows(&texts), [Ok("x"), null, null, null, null]);
    }

    #[test]
    fn texts_that_recur_are_coded_and_others_stand_side_by_side() {
        assert!(matches!(column(0..5000, 100), Texts::Coded(_)));
        assert!(matches!(column(0..5000, 5000), Texts::Plain(_)));
    }

    #[test]
    fn however_columns_are_kept_and_put_together_the_rows_are_the_same() {
        for (a, b) in [(7, 7), (7, 5000), (5000, 7), (5000, 5000)] {
            let mut joined = column(0..2000, a);
            joined.append(&column(2000..5000, b));
            let (first, second) = (column(0..2000, a), column(2000..5000, b));
            let wanted: Vec<_> = rows(&first).into_iter().chain(rows(&second)).collect();
            assert_eq!(rows(&joined), wanted);
            joined.truncate(1999);
            assert_eq!(rows(&joined), wanted[..1999]);
        }
    }

    #[test]
    fn another_spelling_reaches_every_row() {
        for different in [7, 5000] {
            let mut texts = column(0..5000, different);
            texts.respell(|text| (text == "text 4").then_some("TEXT 4"));
            assert_eq!(texts.get(4), Ok("TEXT 4"));
            assert_eq!(texts.get(5), Ok("text 5"));
            assert_eq!(texts.get(6), Err(State::Null));
            assert!(texts.occurring().any(|text| text == "TEXT 4"));
        }
    }
}
