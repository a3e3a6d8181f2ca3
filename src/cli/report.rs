//! Where reports go and how they look: `--report`, `--template`; writing files whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tempfile::NamedTempFile;

use super::Stop;
use super::output::Output;
use crate::audit::Audit;
use crate::config::Config;
use crate::policy::Language;
use crate::report::{self, Brand, Format, LARGEST_LOGO, Layout, terminal_summary_as, write_as};

/// How reports look.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct LayoutArg {
    /// A folder of templates, styles and scripts in place of the built-in ones (`tenken templates` writes those)
    #[arg(long, value_name = "DIR")]
    template: Option<PathBuf>,
}

impl LayoutArg {
    /// The layout, with the brand of a configuration.
    pub(super) fn get(&self, config: Option<&Path>) -> Result<Layout, Stop> {
        let brand = config.map(brand).transpose()?.unwrap_or_default();
        let layout = Layout::default().with_brand(brand);
        match &self.template {
            Some(folder) => layout
                .with_folder(folder)
                .map_err(|error| Stop::Message(error.to_string())),
            None => Ok(layout),
        }
    }
}

/// What a configuration says of how reports look.
fn brand(path: &Path) -> Result<Brand, Stop> {
    let house = Config::read(path)?.report;
    let wrong = |error: &dyn std::fmt::Display| Stop::Message(format!("`report` in `{}`: {error}", path.display()));
    let mut brand = Brand::default()
        .with_colours(house.light.as_deref(), house.dark.as_deref())
        .map_err(|error| wrong(&error))?;
    if let Some(header) = &house.header {
        brand = brand.with_header(header);
    }
    if let Some(logo) = &house.logo {
        let logo = path.parent().unwrap_or(Path::new("")).join(logo);
        let failed = |error: &dyn std::fmt::Display| wrong(&format!("`{}`: {error}", logo.display()));
        let bytes = start_of(&logo).map_err(|error| failed(&error))?;
        brand = brand.with_logo(&bytes).map_err(|error| failed(&error))?;
    }
    Ok(brand)
}

/// The bytes of a file, and no more than tell that it is too large.
fn start_of(path: &Path) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let mut bytes = Vec::new();
    let limit = LARGEST_LOGO as u64 + 1;
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

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

    /// Where it goes, spelt the one way there is as far as it exists.
    fn place(&self) -> PathBuf {
        let whole = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        match (
            whole.parent().and_then(|folder| folder.canonicalize().ok()),
            whole.file_name(),
        ) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => whole,
        }
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
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match Format::of_file(&name) {
            Some(format) => Ok(Self::new(format, path)),
            None => Err(format!(
                "`{text}` does not tell the format; end it like report.html, report.md or findings.csv, or write FORMAT:PATH with one of {}",
                Format::names().join(", ")
            )),
        }
    }
}

/// Refuses places where reports would get into each other's way, before anything is judged.
pub(super) fn check(targets: &[Target]) -> Result<(), Stop> {
    for (at, target) in targets.iter().enumerate() {
        let place = target.place();
        if targets.iter().take(at).any(|other| other.place() == place) {
            let message = format!("`{}` is named twice by --report", target.path.display());
            return Err(Stop::Message(message));
        }
        if target.path.as_os_str() == "-" {
            let message = "--report writes files; standard output has the summary".to_owned();
            return Err(Stop::Message(message));
        }
    }
    Ok(())
}

/// Writes every report; each appears whole, and none before all of them could be written.
pub(super) fn write_all(audit: &Audit, targets: &[Target], language: Language, layout: &Layout) -> Result<(), Stop> {
    let written: Vec<Written> = targets
        .iter()
        .map(|target| Written::new(audit, target, language, layout))
        .collect::<Result<_, _>>()?;
    written.into_iter().try_for_each(Written::show)
}

/// A report that is written but not yet in its place. Dropped, it leaves nothing behind.
struct Written {
    path: PathBuf,
    /// Where it lies meanwhile; `None` for what is no regular file and was written to at once.
    temporary: Option<NamedTempFile>,
}

impl Written {
    fn new(audit: &Audit, target: &Target, language: Language, layout: &Layout) -> Result<Self, Stop> {
        let path = &target.path;
        let failed = |error| cannot_write(path, &error);
        let render = |file: &mut File| -> Result<(), Stop> {
            let mut file = BufWriter::new(file);
            write_as(audit, target.format, language, layout, &mut file)
                .map_err(|error| Stop::Message(format!("cannot write `{}`: {error}", path.display())))?;
            file.flush().map_err(failed)
        };
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        // A link stays one, and a pipe or a device is not replaced by a file.
        let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let old = std::fs::metadata(&place).ok();
        if old.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            return Err(failed(std::io::ErrorKind::IsADirectory.into()));
        }
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            render(&mut OpenOptions::new().write(true).open(&place).map_err(failed)?)?;
            return Ok(Self {
                path: place,
                temporary: None,
            });
        }
        let mut temporary = beside(&place, old.is_none()).map_err(failed)?;
        render(temporary.as_file_mut())?;
        // Whoever has made a report private finds it so.
        if let Some(old) = old {
            temporary.as_file().set_permissions(old.permissions()).map_err(failed)?;
        }
        temporary.as_file().sync_all().map_err(failed)?;
        Ok(Self {
            path: place,
            temporary: Some(temporary),
        })
    }

    fn show(self) -> Result<(), Stop> {
        let Some(temporary) = self.temporary else {
            return Ok(());
        };
        temporary
            .persist(&self.path)
            .map_err(|error| cannot_write(&self.path, &error.error))?;
        Ok(())
    }
}

/// A file of its own in the folder of another, with a name that nobody can foretell. It is for its owner alone, or open
/// as the process opens its files.
fn beside(place: &Path, open: bool) -> std::io::Result<NamedTempFile> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tenken-");
    #[cfg(not(unix))]
    let _ = open;
    #[cfg(unix)]
    if open {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Stop {
    Stop::Message(format!("cannot write `{}`: {error}", path.display()))
}

/// Where a terminal finds a file.
fn address(path: &Path) -> Option<String> {
    let whole = path.canonicalize().ok()?;
    let mut address = "file://".to_owned();
    for byte in whole.to_str().filter(|path| path.starts_with('/'))?.bytes() {
        // Unreserved characters (RFC 3986, 2.3) and what parts the folders.
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                address.push(char::from(byte))
            }
            other => address.push_str(&format!("%{other:02X}")),
        }
    }
    Some(address)
}

/// Prints the summary, with where the reports are. Its reader may have gone away; whoever asks for the exit status has
/// not, and the reports are there.
pub(super) fn summary(
    audit: &Audit,
    language: Language,
    layout: &Layout,
    targets: &[Target],
    output: &mut Output,
) -> Result<(), Stop> {
    let follows = output.is_terminal();
    let files: Vec<report::File> = targets
        .iter()
        .map(|target| report::File {
            name: target.path().display().to_string(),
            address: follows.then(|| address(target.path())).flatten(),
        })
        .collect();
    let text = terminal_summary_as(audit, language, layout, output.width(), &files)
        .map_err(|error| Stop::Message(format!("cannot render the summary: {error}")))?;
    match output.result(&text).map_err(Stop::from) {
        Ok(()) | Err(Stop::BrokenPipe) => Ok(()),
        Err(stop) => Err(stop),
    }
}
