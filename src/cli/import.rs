//! `tenken import`: other people's exports as a snapshot.

use std::path::PathBuf;

use clap::ValueEnum;

use super::output::Output;
use super::{Exit, Stop};
use crate::snapshot::import::{Foreign, ImportError, Request, Whole, import};
use crate::snapshot::{Snapshot, SnapshotWriter, Status};

/// What is imported, and what comes of it.
const MORE: &str = "\
What is read:
  entra-exporter  the folder that EntraExporter's `Export-Entra -Path` wrote
  scubagear       ScubaGear's `ProviderSettingsExport.json`
  pages           a folder of answers of the APIs, saved by hand and named by resource type:
                  `okta.user.json`, `entra.user/0001.json`; of a type that is listed under
                  another one `okta.app_user/APP-ID.json`
  mscommerce      what `Get-MSCommerceProductPolicies -PolicyId AllowSelfServicePurchase`
                  put out, as JSON or CSV

What an export does not hold was not requested, what it may hold in part is partial; neither is
ever empty. An array does not say whether another page follows, unless its headers are above it,
as `curl -i` writes them: `--whole okta.user` states that every page is here. Several exports
become one snapshot step by step: `--with` takes over what an earlier one holds.

  tenken import entra-exporter ./export --out entra
  tenken import pages ./okta --with entra --out both --whole all --org contoso.okta.com
  tenken audit both";

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE)]
pub(super) struct Args {
    /// What wrote the export
    #[arg(value_enum)]
    format: FormatName,
    /// The folder or file of the export
    place: PathBuf,
    /// Folder of the snapshot
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Take over what this snapshot holds; what it holds whole is kept
    #[arg(long, value_name = "SNAPSHOT")]
    with: Option<PathBuf>,
    /// State that every object of these resource types is here, or of all of them (`all`)
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    whole: Vec<String>,
    /// Name of the pair in reports
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Host of the Okta org
    #[arg(long, value_name = "HOST")]
    org: Option<String>,
    /// Id or domain of the Entra tenant, if the export does not say
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// When the export was made, RFC 3339 [default: what it says, else when its newest file was written]
    #[arg(long, value_name = "TIME")]
    read_at: Option<jiff::Timestamp>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    EntraExporter,
    Scubagear,
    Pages,
    Mscommerce,
}

impl FormatName {
    fn foreign(self) -> Foreign {
        match self {
            Self::EntraExporter => Foreign::EntraExporter,
            Self::Scubagear => Foreign::ScubaGear,
            Self::Pages => Foreign::Pages,
            Self::Mscommerce => Foreign::MsCommerce,
        }
    }
}

impl std::convert::From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Input(diagnostic) => (*diagnostic).into(),
            ImportError::Snapshot(error) => Self::Message(error.to_string()),
        }
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let with = args.with.as_deref().map(Snapshot::open).transpose()?;
    let request = Request {
        foreign: args.format.foreign(),
        place: &args.place,
        whole: Whole::of(&args.whole)?,
        name: args.name.clone(),
        org: args.org.clone(),
        tenant: args.tenant.clone(),
        read_at: args.read_at,
        with: with.as_ref(),
    };
    let writer = SnapshotWriter::create(&args.out, false).map_err(|error| Stop::Message(error.to_string()))?;
    let imported = import(&request, writer)?;
    for warning in &imported.warnings {
        output.warning(warning);
    }
    let resources = &imported.manifest.resources;
    let count = |status| resources.iter().filter(|entry| entry.status == status).count();
    output.note(&format!(
        "{} resource types are here as a whole, {} in part, {} were not requested; as of {}",
        count(Status::Complete),
        count(Status::Partial),
        count(Status::NotRequested),
        imported.manifest.ended,
    ));
    output.result(&format!("{}\n", args.out.display()))?;
    Ok(Exit::Fine)
}
