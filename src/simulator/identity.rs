//! Ids in the vendors' forms, each a pure function of a root number.

use uuid::{Builder, Uuid};

use super::draw::{hash, mix};

/// The root of a named person: it depends on the name alone, so that a story keeps its ids under
/// every seed.
pub(crate) fn named(key: &str) -> u64 {
    hash(key)
}

/// The root of person `index` of a crowd.
pub(crate) fn of_crowd(seed: u64, index: u32) -> u64 {
    mix(mix(seed) ^ u64::from(index))
}

/// An Okta id: 20 letters and digits that begin with the kind, as `00u` for users.
pub(crate) fn okta(kind: &str, root: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut id = String::with_capacity(20);
    id.push_str(kind);
    id.push_str("1tk");
    let mut rest = mix(root ^ hash(kind));
    // Eleven digits of base 62 hold all 64 bits, so two roots never share an id.
    for _ in 0..11 {
        let digit = DIGITS.get((rest % 62) as usize).copied().unwrap_or(b'0');
        id.push(char::from(digit));
        rest /= 62;
    }
    // All ids of a real org end alike: the cell it lives in.
    id.push_str("5d7");
    id
}

/// A GUID, version 4 in form.
pub(crate) fn guid(kind: &str, root: u64) -> Uuid {
    let first = mix(root ^ hash(kind));
    let bytes = (u128::from(first) << 64) | u128::from(mix(first ^ root));
    Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
}

/// The object id of a person's Entra account.
pub(crate) fn entra_user(root: u64) -> Uuid {
    guid("user", root)
}

/// The id of a person's Okta account.
pub(crate) fn okta_user(root: u64) -> String {
    okta("00u", root)
}

#[cfg(test)]
mod tests {
    use super::{entra_user, named, of_crowd, okta_user};
    use std::collections::HashSet;

    #[test]
    fn ids_have_the_vendors_form_and_do_not_repeat() {
        let roots: Vec<u64> = (0..20_000).map(|index| of_crowd(3, index)).collect();
        let okta: HashSet<String> = roots.iter().map(|root| okta_user(*root)).collect();
        let entra: HashSet<_> = roots.iter().map(|root| entra_user(*root)).collect();
        assert_eq!((okta.len(), entra.len()), (20_000, 20_000));
        assert!(okta.iter().all(|id| id.len() == 20 && id.starts_with("00u")));
        assert!(entra.iter().all(|id| id.get_version_num() == 4));
    }

    #[test]
    fn seeds_make_other_people() {
        assert_ne!(of_crowd(1, 0), of_crowd(2, 0));
        assert_eq!(named("someone"), named("someone"));
    }
}
