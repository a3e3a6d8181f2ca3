//! `tenken frameworks`: lists what there are entries and policies for.

use std::collections::BTreeMap;

use super::audit::LanguageArg;
use super::output::Output;
use super::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, printable};
use crate::policy::{self, KnownError, Language, Policy, Text};

/// Arguments of `frameworks`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// List the items of this one, with what covers each
    framework: Option<String>,
    /// Packs, files or folders of policies [default: all built-in packs]
    #[arg(long, value_name = "PATH_OR_PACK")]
    policies: Vec<String>,
    #[command(flatten)]
    language: LanguageArg,
}

/// What covers an item.
struct Cover<'a> {
    title: &'a Text,
    /// Ids of policies.
    policies: Vec<&'a str>,
    /// Why there is none.
    unpredicted: Option<&'a Text>,
}

/// What covers the items of every framework; items in the order in which people count.
type Covers<'a> = BTreeMap<&'a str, BTreeMap<(String, u32, String), Vec<Cover<'a>>>>;

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let mut sink = Diagnostics::new();
    let (loaded, errors) = policy::load_errors(&args.policies, &mut sink);
    if sink.has_errors() {
        return Err(sink.into());
    }
    let covers = covers(&loaded.policies, &errors);
    let Some(name) = &args.framework else {
        let width = covers.keys().map(|name| name.len()).max().unwrap_or_default();
        let lines = covers
            .iter()
            .map(|(name, items)| format!("{:<width$}  {} items\n", printable(name), items.len()));
        output.result(&lines.collect::<String>())?;
        return Ok(Exit::Fine);
    };
    let Some(items) = covers.get(name.as_str()) else {
        return Err(
            Diagnostic::error(Code::UndeclaredName, format!("there is no framework `{name}`"))
                .suggest(name, covers.keys().copied())
                .help("`tenken frameworks` lists them")
                .into(),
        );
    };
    let language = args.language.get();
    let width = items.keys().map(|(.., item)| item.len()).max().unwrap_or_default();
    let text: String = items
        .iter()
        .map(|((.., item), covers)| shown(item, covers, width, language))
        .collect();
    output.result(&text)?;
    Ok(Exit::Fine)
}

/// An item, and what covers it below.
fn shown(item: &str, covers: &[Cover<'_>], width: usize, language: Language) -> String {
    let mut text = String::new();
    for (at, cover) in covers.iter().enumerate() {
        let name = if at == 0 { item } else { "" };
        text += &format!(
            "{:<width$}  {}\n",
            printable(name),
            printable(cover.title.get(language))
        );
        for policy in &cover.policies {
            text += &format!("{:<width$}    {}\n", "", printable(policy));
        }
        if let Some(why) = cover.unpredicted {
            text += &format!("{:<width$}    – {}\n", "", printable(why.get(language)));
        }
    }
    text
}

fn covers<'a>(policies: &'a [Policy], errors: &'a [KnownError]) -> Covers<'a> {
    let mut covers = Covers::new();
    let mut add = |framework: &'a str, item: &str, cover: Cover<'a>| {
        let items = covers.entry(framework).or_default();
        items.entry(counted(item)).or_default().push(cover);
    };
    for policy in policies {
        for (framework, item) in pairs(&policy.frameworks) {
            let cover = Cover {
                title: &policy.title,
                policies: vec![&policy.id],
                unpredicted: None,
            };
            add(framework, item, cover);
        }
    }
    for error in errors {
        for (framework, item) in pairs(&error.frameworks) {
            let cover = Cover {
                title: &error.title,
                policies: error.predicted_by.iter().map(|found| found.policy.as_str()).collect(),
                unpredicted: error.unpredicted.as_ref(),
            };
            add(framework, item, cover);
        }
    }
    covers
}

fn pairs(frameworks: &[(String, Vec<String>)]) -> impl Iterator<Item = (&str, &str)> {
    frameworks
        .iter()
        .flat_map(|(name, items)| items.iter().map(move |item| (name.as_str(), item.as_str())))
}

/// An item by the words before its first number, that number, and the whole: `okta-9` comes before `okta-10`.
fn counted(item: &str) -> (String, u32, String) {
    let start = item.find(|c: char| c.is_ascii_digit()).unwrap_or(item.len());
    let (words, rest) = item.split_at(start);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest
        .get(..end)
        .and_then(|number| number.parse().ok())
        .unwrap_or_default();
    (words.to_owned(), number, item.to_owned())
}
