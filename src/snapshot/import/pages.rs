//! Pages of the APIs, saved by hand: `curl`, `Invoke-MgGraphRequest`, a browser.
//!
//! ```text
//! okta.user.json              one page, or lines of {"parent": …, "object": …}
//! okta.user/0001.json …       pages in the order of their names
//! okta.app_user/KEY.json      of a type that is read once for each parent: the parent's key
//! okta.app_user/KEY/0001.json
//! ```
//!
//! A page is what the vendor answered to the catalogue's call, without a filter of one's own: an array, an object with the list in it (`value`, or what the catalogue says), or
//! the one object that there is. Graph says in each page whether another one follows. Okta does so in a header, which
//! `curl -i` writes above the array; a list of bare arrays is partial until its maker states that every page is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::folder::{self, ExportFile, Kind, Member};
use super::intake::{Doubt, Incoming, Intake, Provenance};
use super::page::{Content, End, Line, Page, content};
use super::{About, ImportError, json};
use crate::catalog::{Call, Resource, catalog};
use crate::diagnostic::{Code, Diagnostic};

/// Endings of files that are read.
const ENDINGS: &[&str] = &["json", "ndjson", "jsonl"];

/// Reads every page of a folder.
pub(super) fn read(place: &Path, intake: &mut Intake<'_>) -> Result<About, ImportError> {
    for member in folder::members(place)? {
        let name = member.stem(ENDINGS).unwrap_or(&member.name).to_owned();
        let Some((resource, call)) = named(&name) else {
            if looks_like_a_type(&name) {
                return Err(unknown_type(&member, &name).into());
            }
            if member.kind == Kind::Folder || member.stem(ENDINGS).is_some() {
                intake.warnings.push(format!(
                    "`{}` is not named by a resource type and was not read",
                    folder::shown(&member.path)
                ));
            }
            continue;
        };
        let lists = match member.kind {
            Kind::File => vec![List::of_one(None, member)],
            Kind::Folder => lists_in(&member.path, call)?,
            Kind::Other => return Err(not_followed(&folder::shown(&member.path)).into()),
        };
        for list in lists {
            Reader { resource, call, intake }.list(&list)?;
        }
    }
    if intake.is_empty() {
        let message = format!("`{}` holds no pages", folder::shown(place));
        return Err(Diagnostic::error(Code::InvalidExport, message)
            .help("name files or folders by resource type, such as `okta.user.json` or `entra.user/0001.json`; `tenken resources` lists the types")
            .into());
    }
    Ok(About {
        missing: catalog()
            .names()
            .map(|name| {
                (
                    name,
                    format!("no page of it: there is no `{name}.json` and no folder `{name}`"),
                )
            })
            .collect(),
        ..About::default()
    })
}

/// The type of that name, if a vendor's API has it.
fn named(name: &str) -> Option<(&'static Resource, &'static Call)> {
    let resource = catalog().resource(name)?;
    Some((resource, resource.supply.call()?))
}

fn looks_like_a_type(name: &str) -> bool {
    name.split_once('.')
        .is_some_and(|(source, _)| matches!(source, "okta" | "entra"))
}

fn unknown_type(member: &Member, name: &str) -> Diagnostic {
    let message = format!("`{}`: there is no resource type `{name}`", folder::shown(&member.path));
    Diagnostic::error(Code::UnknownResource, message)
        .suggest(name, catalog().names())
        .help("name it by a type that `tenken resources` lists, or take it out of the folder")
}

fn not_followed(shown: &str) -> Diagnostic {
    let message = format!("`{shown}` is a link or something else that is no file, and was not followed");
    Diagnostic::error(Code::InvalidExport, message)
        .help("put the file itself there, or take the link out of the folder")
}

/// The pages of one list.
struct List {
    parent: Option<String>,
    pages: Vec<Member>,
    /// What lies between the pages and is none.
    others: Vec<Member>,
    /// The folder that is theirs alone.
    folder: Option<PathBuf>,
}

impl List {
    /// A list of one page, which is named by something else than its number.
    fn of_one(parent: Option<String>, page: Member) -> Self {
        Self {
            parent,
            pages: vec![page],
            others: Vec::new(),
            folder: None,
        }
    }

    /// What lies among the lists of a type and is none.
    fn of_others(others: Vec<Member>) -> Self {
        Self {
            parent: None,
            pages: Vec::new(),
            others,
            folder: None,
        }
    }

    /// A list whose pages are in a folder.
    fn of_folder(parent: Option<String>, place: &Path) -> Result<Self, Diagnostic> {
        let members = folder::members(place)?;
        check_links(&members)?;
        let is_page = |member: &Member| member.kind == Kind::File && member.stem(ENDINGS).is_some();
        let (pages, others) = members.into_iter().partition(is_page);
        Ok(Self {
            parent,
            pages,
            others: without_hidden(others),
            folder: Some(place.to_owned()),
        })
    }

    /// What speaks against the list, of what lies in its folder: something that was not read, or a page that is not there.
    fn doubts(&self, name: &str) -> Vec<Doubt> {
        let unread = self.others.iter().map(|other| {
            let shown = folder::shown(&other.path);
            let endings = ENDINGS.join("`, `.");
            Doubt::Certain(format!(
                "`{shown}` was not read: a page is a file that ends in `.{endings}`; take it out of the folder if it is none"
            ))
        });
        unread.chain(self.gap(name)).collect()
    }

    /// What speaks against a list of several pages: a number that is missing, or that they have none.
    fn gap(&self, name: &str) -> Option<Doubt> {
        let shown = folder::shown(self.folder.as_ref()?);
        let Some((prefix, numbers)) = self.numbers() else {
            return (self.pages.len() > 1).then(|| {
                Doubt::Unproven(format!(
                    "the pages in `{shown}` are not numbered; if every page is here, say so with `--whole {name}`"
                ))
            });
        };
        let between = numbers.windows(2).find_map(|pair| match pair {
            [a, b] if *b > a.saturating_add(1) => Some(a + 1),
            _ => None,
        });
        let missing = |number| format!("its pages are numbered, and `{shown}` has no page {number}");
        // Pages are counted from 0 or 1. What ends another name may be a date.
        match (between, numbers.first()) {
            (Some(number), _) => Some(Doubt::Certain(missing(number))),
            (None, Some(2..)) if prefix.is_empty() => Some(Doubt::Certain(missing(1))),
            (None, Some(2..)) => Some(Doubt::Unproven(missing(1))),
            _ => None,
        }
    }

    /// The numbers at the end of the pages' names, and what they all have before it.
    fn numbers(&self) -> Option<(&str, Vec<u64>)> {
        let names: Option<Vec<(&str, u64)>> = self.pages.iter().map(|page| numbered(page.stem(ENDINGS)?)).collect();
        let names = names?;
        let (prefix, _) = *names.first()?;
        let is_one_row = names.iter().all(|(other, _)| *other == prefix);
        is_one_row.then(|| (prefix, names.iter().map(|(_, number)| *number).collect()))
    }
}

/// A name with a number at its end, and the number.
fn numbered(name: &str) -> Option<(&str, u64)> {
    let prefix = name.trim_end_matches(|character: char| character.is_ascii_digit());
    Some((prefix, name.strip_prefix(prefix)?.parse().ok()?))
}

/// What file managers leave in a folder is no page.
fn without_hidden(mut members: Vec<Member>) -> Vec<Member> {
    members.retain(|member| !member.name.starts_with('.'));
    members
}

fn check_links(members: &[Member]) -> Result<(), Diagnostic> {
    match members.iter().find(|member| member.kind == Kind::Other) {
        Some(other) => Err(not_followed(&folder::shown(&other.path))),
        None => Ok(()),
    }
}

/// The lists in the folder of a type.
fn lists_in(place: &Path, call: &Call) -> Result<Vec<List>, Diagnostic> {
    if call.per.is_none() {
        return Ok(vec![List::of_folder(None, place)?]);
    }
    let members = folder::members(place)?;
    check_links(&members)?;
    let (mut lists, mut others) = (Vec::new(), Vec::new());
    for member in members {
        if member.kind == Kind::Folder {
            lists.push(List::of_folder(Some(member.name), &member.path)?);
        } else if let Some(stem) = member.stem(ENDINGS) {
            let parent = stem.to_owned();
            lists.push(List::of_one(Some(parent), member));
        } else {
            others.push(member);
        }
    }
    lists.push(List::of_others(without_hidden(others)));
    Ok(lists)
}

/// Reads the lists of one type.
struct Reader<'i, 'w> {
    resource: &'static Resource,
    call: &'static Call,
    intake: &'i mut Intake<'w>,
}

impl Reader<'_, '_> {
    fn list(&mut self, list: &List) -> Result<(), ImportError> {
        let parent = list.parent.as_deref();
        for doubt in list.doubts(&self.resource.name) {
            self.doubt(parent, doubt)?;
        }
        let last = list.pages.len().saturating_sub(1);
        for (number, page) in list.pages.iter().enumerate() {
            let file = ExportFile::required(&page.path)?;
            self.intake.saw(&file);
            match content(self.resource, self.call, &file.text).map_err(|reason| file.mistake(&reason))? {
                Content::Page(page) => self.page(parent, &page, &file, number == last)?,
                Content::Lines(lines) => self.lines(&lines, &file)?,
                Content::Refusal(what) => {
                    let reason = format!("`{}` is an error that the vendor answered with: {what}", file.shown);
                    self.doubt(parent, Doubt::Certain(reason))?;
                }
            }
        }
        if let Some(doubt) = self.question().filter(|_| !list.pages.is_empty()) {
            self.doubt(parent, doubt)?;
        }
        Ok(())
    }

    fn page(
        &mut self,
        parent: Option<&str>,
        page: &Page<'_>,
        file: &ExportFile,
        is_last: bool,
    ) -> Result<(), ImportError> {
        if self.call.per.is_some() && parent.is_none() {
            return Err(self.no_parent(file).into());
        }
        let Some(incoming) = self
            .intake
            .of(self.resource, self.call, &origin(&self.resource.name, self.call))?
        else {
            return Ok(());
        };
        incoming.page(parent);
        if let Some(select) = &page.select {
            incoming.asked_only(select.clone());
        }
        for object in &page.objects {
            add(incoming, parent, object, file)?;
        }
        let shown = &file.shown;
        match page.end {
            End::More if is_last => incoming.doubt(
                parent,
                Doubt::Certain(format!("`{shown}` names a further page, which is not here")),
            ),
            End::Last if !is_last => incoming.doubt(
                parent,
                Doubt::Certain(format!(
                    "`{shown}` says that it is the last page, but others come after it"
                )),
            ),
            End::Unsaid => incoming.doubt(parent, unsaid(&self.resource.name)),
            End::More | End::Last => {}
        }
        Ok(())
    }

    fn lines(&mut self, lines: &[Line<'_>], file: &ExportFile) -> Result<(), ImportError> {
        let is_per = self.call.per.is_some();
        if is_per && lines.iter().any(|line| line.parent.is_none()) {
            return Err(self.no_parent(file).into());
        }
        let Some(incoming) = self
            .intake
            .of(self.resource, self.call, &origin(&self.resource.name, self.call))?
        else {
            return Ok(());
        };
        incoming.page(None);
        let mut parents = BTreeSet::new();
        for line in lines {
            let parent = line.parent.as_deref().filter(|_| is_per);
            if let Some(parent) = parent
                && parents.insert(parent)
            {
                incoming.doubt(Some(parent), unsaid(&self.resource.name));
            }
            add(incoming, parent, line.object, file)?;
        }
        incoming.doubt(None, unsaid(&self.resource.name));
        Ok(())
    }

    fn doubt(&mut self, parent: Option<&str>, doubt: Doubt) -> Result<(), ImportError> {
        if let Some(incoming) = self
            .intake
            .of(self.resource, self.call, &origin(&self.resource.name, self.call))?
        {
            incoming.doubt(parent, doubt);
        }
        Ok(())
    }

    /// An answer does not say what was asked: some lists are all there only with a filter, others only within some time.
    fn question(&self) -> Option<Doubt> {
        let narrows = |name: &str| matches!(name.trim_start_matches('$'), "filter" | "since" | "until");
        let query = self.call.query.iter().filter(|(name, _)| narrows(name));
        let query: Vec<String> = query.map(|(name, value)| format!("{name}={value}")).collect();
        let (path, name) = (&self.call.path, &self.resource.name);
        (!query.is_empty()).then(|| {
            let query = query.join("&");
            Doubt::Unproven(format!(
                "it should answer `{path}?{query}`; if it does, say so with `--whole {name}`"
            ))
        })
    }

    fn no_parent(&self, file: &ExportFile) -> Diagnostic {
        let parent = self.call.per.as_ref().map_or("", |per| per.parent.name());
        let name = &self.resource.name;
        file.mistake(&format!("it does not say of which {parent} this is a page"))
            .help(format!("put it in `{name}/KEY.json`, with the key of the {parent}"))
    }
}

/// Adds an object. What lacks the properties that name it is of another type, or no object of the vendor's at all.
fn add(incoming: &mut Incoming, parent: Option<&str>, raw: &RawValue, file: &ExportFile) -> Result<(), ImportError> {
    let object = json::object(raw.get()).map_err(|reason| file.mistake(&reason))?;
    if let Some(lacks) = incoming.lacks(&object) {
        let reason = format!("an object has no `{lacks}`; is this a page of {}?", incoming.name());
        return Err(file.mistake(&reason).into());
    }
    incoming.take(parent, object, Some(raw), file)
}

/// Where a type comes from.
fn origin(name: &str, call: &'static Call) -> Provenance {
    Provenance {
        endpoint: format!("import pages {name}"),
        api_version: call.version.clone(),
    }
}

/// Nothing says that a list is whole.
fn unsaid(name: &str) -> Doubt {
    Doubt::Unproven(format!(
        "nothing says whether another page follows; if every page is here, say so with `--whole {name}`"
    ))
}
