//! `tenken templates`: the built-in layout of reports, to start one's own from.

use std::path::PathBuf;

use super::output::Output;
use super::{Exit, Stop};
use crate::report::built_in_layout;

/// Arguments of `templates`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to write; nothing that is there already is replaced
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let places: Vec<_> = built_in_layout()
        .map(|(path, text)| (args.folder.join(path), text))
        .collect();
    if let Some((taken, _)) = places.iter().find(|(place, _)| place.symlink_metadata().is_ok()) {
        return Err(Stop::Message(format!("`{}` is there already", taken.display())));
    }
    for (place, text) in &places {
        let folder = place.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder
            .and_then(|()| std::fs::write(place, text))
            .map_err(|error| Stop::Message(format!("cannot write `{}`: {error}", place.display())))?;
    }
    output.note(&format!(
        "wrote {} files to {}; what you do not change may go, `--template` needs only what differs",
        places.len(),
        args.folder.display()
    ));
    Ok(Exit::Fine)
}
