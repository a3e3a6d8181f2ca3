//! Finding a person in a snapshot by whatever they are known by: Okta login or id, user principal name, mail address,
//! object id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use bumpalo::Bump;

use crate::catalog::{RecordType, catalog};
use crate::evaluate::{Rows, Tables};
use crate::expr::{Evaluator, Plan, RecordRef, Records, Value, compile};
use crate::policy::derived::row_scope;

/// Names that a message proposes.
const MAX_NEAR: usize = 3;
/// How like a name must be to be proposed, from 0 to 1.
const NEAR: f64 = 0.86;

/// What a value tells of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Identifies the person.
    Key,
    /// Names the person; others may have the same.
    Name,
}

/// A value by which people are known.
struct Key {
    record: RecordType,
    kind: Kind,
    plan: Plan,
}

/// Okta's id of a person, which assignments carry too; and what links an assignment to an account.
struct Joins {
    okta_user: Key,
    assignment: Key,
    external_id: Key,
    user_name: Key,
    entra_id: Key,
    entra_name: Key,
}

/// Resource type, kind, expression.
const KEYS: &[(&str, Kind, &str)] = &[
    ("okta.user", Kind::Key, "user.id"),
    ("okta.user", Kind::Key, "user.profile.login"),
    ("okta.user", Kind::Key, "user.profile.email"),
    ("okta.user", Kind::Name, "user.profile.displayName"),
    (
        "okta.user",
        Kind::Name,
        "user.profile.firstName + ' ' + user.profile.lastName",
    ),
    (
        "okta.user",
        Kind::Name,
        "user.profile.lastName + ' ' + user.profile.firstName",
    ),
    ("okta.app_user", Kind::Key, "app_user.id"),
    ("okta.app_user", Kind::Key, "app_user.externalId"),
    ("okta.app_user", Kind::Key, "app_user.credentials.userName"),
    ("entra.user", Kind::Key, "user.id"),
    ("entra.user", Kind::Key, "user.userPrincipalName"),
    ("entra.user", Kind::Key, "user.mail"),
    ("entra.user", Kind::Name, "user.displayName"),
];

static ALL: LazyLock<Vec<Key>> =
    LazyLock::new(|| KEYS.iter().filter_map(|(ty, kind, cel)| key(ty, *kind, cel)).collect());
static JOINS: LazyLock<Option<Joins>> = LazyLock::new(|| {
    Some(Joins {
        okta_user: key("okta.user", Kind::Key, "user.id")?,
        assignment: key("okta.app_user", Kind::Key, "app_user.id")?,
        external_id: key("okta.app_user", Kind::Key, "app_user.externalId")?,
        user_name: key("okta.app_user", Kind::Key, "app_user.credentials.userName")?,
        entra_id: key("entra.user", Kind::Key, "user.id")?,
        entra_name: key("entra.user", Kind::Key, "user.userPrincipalName")?,
    })
});

/// The key of an expression; a test sees that all of them are sound.
fn key(resource: &str, kind: Kind, cel: &str) -> Option<Key> {
    let record = catalog().resource(resource)?.record;
    let plan = compile(cel, &row_scope(record)).plan?;
    Some(Key { record, kind, plan })
}

/// Everything that finding a person reads.
pub(super) fn plans() -> impl Iterator<Item = &'static Plan> {
    // What joins people is among the keys.
    ALL.iter().map(|key| &key.plan)
}

/// Resource types that are about one person.
pub(super) fn records() -> BTreeSet<RecordType> {
    ALL.iter().map(|key| key.record).collect()
}

/// What a search came to.
#[derive(Debug)]
pub(super) enum Found {
    /// One person, with all their rows.
    One(Rows),
    /// Several people, by one of their rows each.
    Several(Vec<RecordRef>),
    /// Nobody; names that are much like it.
    Nobody(Vec<String>),
}

/// Looks for the person that a text names by a key.
pub(super) fn find(text: &str, tables: &Tables) -> Found {
    match search(text, Kind::Key, tables) {
        Found::Nobody(_) => Found::Nobody(near(text, tables)),
        found => found,
    }
}

/// Looks for the person that a text calls by a key or, where no key is, by the name that they alone have.
pub(super) fn find_named(text: &str, tables: &Tables) -> Option<Rows> {
    for kind in [Kind::Key, Kind::Name] {
        match search(text, kind, tables) {
            Found::One(rows) => return Some(rows),
            Found::Several(_) => return None,
            Found::Nobody(_) => {}
        }
    }
    None
}

fn search(text: &str, kind: Kind, tables: &Tables) -> Found {
    let Some(joins) = JOINS.as_ref() else {
        return Found::Nobody(Vec::new());
    };
    let (people, accounts) = joins.people(hits(text, kind, tables), tables);
    // An account that has the same key as one person is theirs, linked or not.
    match (people.as_slice(), accounts.as_slice()) {
        ([], []) => Found::Nobody(Vec::new()),
        ([(id, _)], accounts) if accounts.len() <= 1 => Found::One(joins.rows(id, accounts, tables)),
        ([], [account]) => Found::One(Rows::from([(account.ty, vec![account.row])])),
        (people, accounts) => {
            let people = people.iter().map(|(_, row)| *row);
            Found::Several(people.chain(accounts.iter().copied()).collect())
        }
    }
}

/// Rows that a text names.
fn hits(text: &str, kind: Kind, tables: &Tables) -> BTreeSet<RecordRef> {
    let wanted = text.trim().to_lowercase();
    let mut hits = BTreeSet::new();
    for key in ALL.iter().filter(|key| key.kind == kind) {
        key.visit(tables, |record, value| {
            if value.to_lowercase() == wanted {
                hits.insert(record);
            }
        });
    }
    hits
}

impl Joins {
    /// Whose rows these are: people by their id in Okta, each with one of the rows, and accounts in Entra that nobody in
    /// Okta is linked to.
    fn people(&self, hits: BTreeSet<RecordRef>, tables: &Tables) -> (Vec<(String, RecordRef)>, Vec<RecordRef>) {
        let (of_entra, of_okta): (Vec<_>, Vec<_>) = hits.into_iter().partition(|hit| hit.ty == self.entra_id.record);
        let mut people: BTreeMap<String, RecordRef> = BTreeMap::new();
        for hit in of_okta {
            if let Some(id) = self.okta_id(hit, tables) {
                people.entry(id).or_insert(hit);
            }
        }
        let mut accounts = Vec::new();
        let mut linked: BTreeMap<String, RecordRef> = BTreeMap::new();
        for hit in of_entra {
            let owners: Vec<(String, RecordRef)> = self
                .assignments_of(hit, tables)
                .into_iter()
                .filter_map(|row| Some((self.okta_id(row, tables)?, row)))
                .collect();
            if owners.is_empty() {
                accounts.push(hit);
            } else if !owners.iter().any(|(id, _)| people.contains_key(id)) {
                linked.extend(owners);
            }
        }
        people.extend(linked);
        (people.into_iter().collect(), accounts)
    }

    /// Okta's id of the person whose row this is.
    fn okta_id(&self, row: RecordRef, tables: &Tables) -> Option<String> {
        let keys = [&self.okta_user, &self.assignment];
        keys.into_iter().find(|key| key.record == row.ty)?.of(row, tables)
    }

    /// Assignments that lead to an account by either key.
    fn assignments_of(&self, account: RecordRef, tables: &Tables) -> Vec<RecordRef> {
        let id = self.entra_id.of(account, tables).map(|id| id.to_lowercase());
        let name = self.entra_name.of(account, tables).map(|name| name.to_lowercase());
        let mut rows = BTreeSet::new();
        for (key, wanted) in [(&self.external_id, id), (&self.user_name, name)] {
            let Some(wanted) = wanted else { continue };
            key.visit(tables, |record, value| {
                if value.to_lowercase() == wanted {
                    rows.insert(record);
                }
            });
        }
        rows.into_iter().collect()
    }

    /// All rows of the person with an id in Okta.
    fn rows(&self, id: &str, accounts: &[RecordRef], tables: &Tables) -> Rows {
        let mut rows = Rows::from([
            (self.okta_user.record, Vec::new()),
            (self.assignment.record, Vec::new()),
            (
                self.entra_id.record,
                accounts.iter().map(|account| account.row).collect(),
            ),
        ]);
        let mut add = |record: RecordRef| {
            let list = rows.entry(record.ty).or_default();
            if !list.contains(&record.row) {
                list.push(record.row);
            }
        };
        let mut links: BTreeSet<String> = BTreeSet::new();
        for key in [&self.okta_user, &self.assignment] {
            key.visit(tables, |record, value| {
                if value != id {
                    return;
                }
                add(record);
                if record.ty == self.assignment.record {
                    let found = [&self.external_id, &self.user_name].map(|key| key.of(record, tables));
                    links.extend(found.into_iter().flatten().map(|link| link.to_lowercase()));
                }
            });
        }
        for key in [&self.entra_id, &self.entra_name] {
            key.visit(tables, |record, value| {
                if links.contains(&value.to_lowercase()) {
                    add(record);
                }
            });
        }
        rows
    }
}

impl Key {
    /// The value of one row.
    fn of(&self, record: RecordRef, tables: &Tables) -> Option<String> {
        let arena = Bump::new();
        let variables = [Value::Record(record), Value::Timestamp(tables.now())];
        match Evaluator::new(tables, &arena).plan(&self.plan, &variables) {
            Value::String(text) if !text.is_empty() => Some(text.to_owned()),
            _ => None,
        }
    }

    /// Shows the value of every row that has one.
    fn visit(&self, tables: &Tables, mut look: impl FnMut(RecordRef, &str)) {
        let mut arena = Bump::new();
        for row in 0..tables.rows(self.record) {
            let record = RecordRef { ty: self.record, row };
            let variables = [Value::Record(record), Value::Timestamp(tables.now())];
            if let Value::String(text) = Evaluator::new(tables, &arena).plan(&self.plan, &variables)
                && !text.is_empty()
            {
                look(record, text);
            }
            arena.reset();
        }
    }
}

/// Keys of people that are much like a text, the most alike first.
fn near(text: &str, tables: &Tables) -> Vec<String> {
    let wanted = text.trim().to_lowercase();
    let mut near: Vec<(f64, String)> = Vec::new();
    for key in ALL.iter() {
        key.visit(tables, |_, value| {
            let alike = strsim::jaro_winkler(&wanted, &value.to_lowercase());
            if alike >= NEAR && !near.iter().any(|(_, known)| known == value) {
                near.push((alike, value.to_owned()));
                near.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
                near.truncate(MAX_NEAR);
            }
        });
    }
    near.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_sound() {
        for (ty, _, cel) in KEYS {
            let record = catalog().resource(ty).unwrap().record;
            let compiled = compile(cel, &row_scope(record));
            assert!(compiled.mistakes.is_empty(), "{ty} {cel}: {:?}", compiled.mistakes);
        }
        assert_eq!(ALL.len(), KEYS.len());
        assert!(JOINS.is_some());
    }
}
