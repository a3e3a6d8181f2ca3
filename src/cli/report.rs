//! Where reports go: parsing `--report`, writing files whole or not at all.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Stop;
use super::output::Output;
use crate::audit::Audit;
use crate::policy::Language;
use crate::report::{Format, render, terminal_summary};

/// `[FORMAT:]PATH`
#[derive(Clone, Debug)]
pub(super) struct Target {
    format: Format,
    path: PathBuf,
}

impl Target {
    pub(super) fn new(format: Format, path: PathBuf) -> Self {
        Self { format, path }
    }

    /// Where it goes.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((name, path)) = text.split_once(':')
            && let Some(format) = Format::parse(name)
            && !path.is_empty()
        {
            return Ok(Self::new(format, PathBuf::from(path)));
        }
        let path = PathBuf::from(text);
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        match Format::of_ending(&ending) {
            Some(format) => Ok(Self::new(format, path)),
            None => Err(format!(
                "`{text}` does not tell the format; end it with .json, .md or .html, or write FORMAT:PATH with one of {}",
                Format::names().join(", ")
            )),
        }
    }
}

/// Renders every report, then writes them; each appears whole or not at all.
pub(super) fn write_all(audit: &Audit, targets: &[Target], language: Language) -> Result<(), Stop> {
    let mut rendered = Vec::new();
    for target in targets {
        let text = render(audit, target.format, language)
            .map_err(|error| Stop::Message(format!("cannot render `{}`: {error}", target.path.display())))?;
        rendered.push((&target.path, text));
    }
    for (path, text) in rendered {
        write_whole(path, &text)?;
    }
    Ok(())
}

fn write_whole(path: &Path, text: &str) -> Result<(), Stop> {
    let failed = |error: std::io::Error| Stop::Message(format!("cannot write `{}`: {error}", path.display()));
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".writing-{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        failed(error)
    })
}

/// Prints the summary, with where the reports are.
pub(super) fn summary(audit: &Audit, language: Language, targets: &[Target], output: &mut Output) -> Result<(), Stop> {
    let files: Vec<String> = targets
        .iter()
        .map(|target| target.path().display().to_string())
        .collect();
    let text = terminal_summary(audit, language, output.width(), &files)
        .map_err(|error| Stop::Message(format!("cannot render the summary: {error}")))?;
    output.result(&text)?;
    Ok(())
}
