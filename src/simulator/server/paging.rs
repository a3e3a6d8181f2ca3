//! Pages: a part of a list, and an opaque mark of where the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::simulator::draw::{hash, mix};
use crate::simulator::world::{Source, World};

/// Makes and reads the marks. A mark is good for one list of one world, as a real one would be.
#[derive(Debug)]
pub(super) struct Cursors {
    /// What goes into every mark of this world.
    secret: u64,
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page {
    /// The objects.
    pub(super) objects: Vec<Value>,
    /// Where the next page begins; none if this is the last.
    pub(super) next: Option<u64>,
    /// Where a page would begin that holds only what comes later.
    pub(super) end: u64,
}

impl Cursors {
    /// For the lists of a world.
    pub(super) fn new(world: &World) -> Cursors {
        let crowd = &world.scenario.file.crowd;
        Cursors {
            secret: mix(hash(&world.scenario.file.entra.tenant_id) ^ crowd.seed),
        }
    }

    /// The mark of a position in a list.
    pub(super) fn write(&self, list: &str, position: u64) -> String {
        let mut bytes = position.to_be_bytes().to_vec();
        bytes.extend(self.seal(list, position).to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a mark; none if it is not a mark of this list.
    pub(super) fn read(&self, list: &str, mark: &str) -> Option<u64> {
        let bytes = URL_SAFE_NO_PAD.decode(mark).ok()?;
        let (position, seal) = bytes.split_at_checked(8)?;
        let position = u64::from_be_bytes(position.try_into().ok()?);
        (seal == self.seal(list, position).to_be_bytes()).then_some(position)
    }

    /// What makes a mark hard to invent.
    fn seal(&self, list: &str, position: u64) -> u64 {
        mix(self.secret ^ hash(list) ^ mix(position))
    }
}

impl Page {
    /// Cuts a page of at most so many objects out of a list.
    pub(super) fn cut(source: Source<'_>, start: u64, limit: usize) -> Page {
        let mut objects = Vec::with_capacity(limit.min(1_000));
        let mut end = start;
        for (position, object) in source.from(start) {
            if objects.len() == limit {
                return Page {
                    objects,
                    next: Some(position),
                    end,
                };
            }
            objects.push(object);
            end = position + 1;
        }
        Page {
            objects,
            next: None,
            end,
        }
    }
}

/// A query string without one parameter, however that is written.
pub(super) fn without(query: &str, parameter: &str) -> String {
    let kept = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.is_empty() && name.replace("%24", "$") != parameter
    });
    kept.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::{Cursors, without};

    #[test]
    fn a_mark_is_good_for_its_own_list() {
        let cursors = Cursors { secret: 7 };
        let mark = cursors.write("users", 1_234);
        assert_eq!(cursors.read("users", &mark), Some(1_234));
        assert_eq!(cursors.read("apps", &mark), None);
        for wrong in ["", "x", "%%%", "AAAAAAAAAAAAAAAAAAAAAA", "日本"] {
            assert_eq!(cursors.read("users", wrong), None);
        }
    }

    #[test]
    fn a_parameter_is_taken_out() {
        assert_eq!(without("limit=2&after=x&b", "after"), "limit=2&b");
        assert_eq!(
            without("%24top=2&%24skiptoken=x&$skiptoken=y", "$skiptoken"),
            "%24top=2"
        );
        assert_eq!(without("", "after"), "");
    }
}
