//! A rollout plan: who is assigned to which application, in which waves, with which licences, and what is asked of it.
//!
//! ```yaml
//! app: Microsoft Office 365        # label or id; left out when one application targets the tenant
//! combine_licenses: false          # whether several groups of a person add up (Okta: "combine values across groups")
//! waves:
//!   - name: Pilot
//!     groups: [M365 pilot]         # names or ids of groups in Okta
//!     users_file: pilot.csv        # or users: [login, …]
//!     licenses: [SPE_E3]           # part numbers, product names or Okta's own texts
//! thresholds: { max_failing: 2%, max_cannot_tell: 0 }
//! ```

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::people::people_in;
use crate::audit::readiness::Prospect;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node, Value, decoded};
use crate::schema;

/// Largest file that names people.
const MAX_FILE: u64 = 64 << 20;

/// A rollout plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutPlan {
    /// Label or id of the application; none for the only one that targets the tenant.
    pub app: Option<String>,
    /// Whether the licences of several groups of a person add up, instead of those of the first group alone.
    pub combine_licenses: bool,
    /// The waves, in order.
    pub waves: Vec<WavePlan>,
    /// How many people may come to what.
    pub limits: Limits,
}

/// People who are assigned together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WavePlan {
    /// Its name.
    pub name: String,
    /// Names or ids of groups in Okta.
    pub groups: Vec<String>,
    /// People, by whatever they are known by.
    pub users: Vec<String>,
    /// Licences that they get; none for those of the groups' assignments.
    pub licences: Option<Vec<String>>,
}

/// How many people may come to what.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// May be going to fail.
    pub will_fail: AtMost,
    /// May be at risk.
    pub may_fail: AtMost,
    /// May be unknown.
    pub cannot_tell: AtMost,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            will_fail: AtMost::People(0),
            may_fail: AtMost::Percent(100.0),
            cannot_tell: AtMost::People(0),
        }
    }
}

impl Limits {
    /// Each with what it is about.
    pub(super) fn all(&self) -> [(Prospect, AtMost); 3] {
        [
            (Prospect::WillFail, self.will_fail),
            (Prospect::MayFail, self.may_fail),
            (Prospect::CannotTell, self.cannot_tell),
        ]
    }
}

/// A number of people, or a part of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AtMost {
    /// So many.
    People(u64),
    /// So many of a hundred.
    Percent(f64),
}

impl AtMost {
    /// The number, of so many people.
    pub fn of(self, people: u64) -> u64 {
        match self {
            Self::People(number) => number,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a part of a count is a count"
            )]
            Self::Percent(percent) => (people as f64 * percent / 100.0).floor() as u64,
        }
    }
}

impl std::fmt::Display for AtMost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::People(number) => write!(f, "{number}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl std::str::FromStr for AtMost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a number of people nor a percentage from 0% to 100%");
        match text.trim().strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse()
                .ok()
                .filter(|percent| (0.0..=100.0).contains(percent))
                .map(Self::Percent)
                .ok_or_else(wrong),
            None => text.trim().parse().map(Self::People).map_err(|_| wrong()),
        }
    }
}

impl RolloutPlan {
    /// Reads a plan and the files that it names, which lie beside it.
    ///
    /// # Errors
    /// Everything that is wrong with it, each at its place.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let name = path.display().to_string();
        let text = file(path).map_err(|fault| Diagnostic::error(Code::UnreadableFile, fault))?;
        Self::parse(&name, &text, path.parent().unwrap_or(Path::new(".")))
    }

    /// Reads the text of a plan; the files that it names lie in a folder.
    ///
    /// # Errors
    /// The same.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, Diagnostics> {
        let mut sink = Diagnostics::new();
        let Some(document) = Document::parse(Source::new(name, text), &mut sink) else {
            return Err(sink);
        };
        match schema::rollout() {
            Ok(schema) => schema.check(&document, &mut sink),
            Err(fault) => sink.push(Diagnostic::error(Code::SchemaViolation, fault)),
        }
        let plan = Self::of(&document, folder, &mut sink);
        if sink.has_errors() { Err(sink) } else { Ok(plan) }
    }

    fn of(document: &Document, folder: &Path, sink: &mut Diagnostics) -> Self {
        let root = &document.root;
        let waves = root.get("waves").map(Node::items).unwrap_or_default();
        let mut limits = Limits::default();
        for (key, node) in root.get("thresholds").map(Node::entries).unwrap_or_default() {
            match (limit(node), key.name.as_str()) {
                (Ok(limit), "max_failing") => limits.will_fail = limit,
                (Ok(limit), "max_may_fail") => limits.may_fail = limit,
                (Ok(limit), "max_cannot_tell") => limits.cannot_tell = limit,
                // The schema has told.
                (Ok(_), _) => {}
                (Err(fault), _) => sink.push(Diagnostic::error(Code::SchemaViolation, fault).at(
                    &document.source,
                    node.span.clone(),
                    "",
                )),
            }
        }
        Self {
            app: root.get("app").and_then(Node::as_str).map(str::to_owned),
            combine_licenses: matches!(
                root.get("combine_licenses").map(|node| &node.value),
                Some(Value::Bool(true))
            ),
            waves: (1..)
                .zip(waves)
                .map(|(number, node)| wave(number, node, &document.source, folder, sink))
                .collect(),
            limits,
        }
    }
}

fn limit(node: &Node) -> Result<AtMost, String> {
    match &node.value {
        Value::Int(number) => number.to_string().parse(),
        _ => node.as_str().unwrap_or_default().parse(),
    }
}

fn wave(number: usize, node: &Node, source: &Arc<Source>, folder: &Path, sink: &mut Diagnostics) -> WavePlan {
    let texts = |name: &str| -> Option<Vec<String>> {
        let items = node.get(name)?.items().iter();
        Some(items.filter_map(Node::as_str).map(str::to_owned).collect())
    };
    let mut users = texts("users").unwrap_or_default();
    if let Some(file) = node.get("users_file")
        && let Some(name) = file.as_str()
    {
        match people_of(&folder.join(name)) {
            Ok(people) => users.extend(people),
            Err(fault) => sink.push(Diagnostic::error(Code::UnreadableFile, fault).at(source, file.span.clone(), "")),
        }
    }
    WavePlan {
        name: node
            .get("name")
            .and_then(Node::as_str)
            .map_or_else(|| number.to_string(), str::to_owned),
        groups: texts("groups").unwrap_or_default(),
        users,
        licences: texts("licenses"),
    }
}

/// The people whom a file names.
///
/// # Errors
/// Why it cannot be read, or that it names nobody.
pub fn people_of(path: &Path) -> Result<Vec<String>, String> {
    people_in(&file(path)?).map_err(|fault| format!("`{}`: {fault}", path.display()))
}

/// The text of a file of people or of standard input, up to a limit.
fn file(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot read `{}`: {error}", path.display());
    let from: Box<dyn std::io::Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    let mut bytes = Vec::new();
    from.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("`{}` is larger than {} MiB", path.display(), MAX_FILE >> 20));
    }
    Ok(decoded(&bytes))
}
