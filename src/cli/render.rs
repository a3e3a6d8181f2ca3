//! `tenken render`: reports from an audit that was made before.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::audit::LanguageArg;
use super::output::Output;
use super::report::{self, LayoutArg, Target};
use super::{Exit, Stop};
use crate::audit::{Audit, FORMAT};

/// Arguments of `render`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The audit: what `--report audit.json` wrote
    audit: PathBuf,
    /// Reports to write; the format follows from the ending, as for `audit`, unless it is given
    #[arg(value_name = "[FORMAT:]PATH")]
    reports: Vec<Target>,
    #[command(flatten)]
    layout: LayoutArg,
    /// The configuration, for what it says of how reports look
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print no summary
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    language: LanguageArg,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    report::check(&args.reports)?;
    let layout = args.layout.get(args.config.as_deref())?;
    let audit = read(&args.audit)?;
    let language = args.language.get();
    report::write_all(&audit, &args.reports, language, &layout)?;
    if !args.quiet {
        report::summary(&audit, language, &layout, &args.reports, output)?;
    }
    Ok(Exit::Fine)
}

/// Reads an audit.
fn read(path: &Path) -> Result<Audit, Stop> {
    let failed = |error: &dyn std::fmt::Display| Stop::Message(format!("cannot read `{}`: {error}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error))?;
    if !file.metadata().is_ok_and(|about| about.is_file()) {
        return Err(failed(&"it is not a regular file"));
    }
    let audit: Audit = serde_json::from_reader(BufReader::new(file))
        .map_err(|error| failed(&format!("it is no audit.json that this program reads: {error}")))?;
    if audit.format > FORMAT {
        let message = format!("it has format {}, this program reads up to {FORMAT}", audit.format);
        return Err(failed(&message));
    }
    Ok(audit)
}
