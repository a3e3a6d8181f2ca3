//! Which policies a command works on: `--policies` and `--select`, the same everywhere.

use crate::diagnostic::Diagnostics;
use crate::policy::{self, KnownError, Loaded, Selector};

/// Packs, files and folders, and what is chosen among them.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Choice {
    /// Packs, files or folders of policies [default: all built-in packs]
    #[arg(long, value_name = "PATH_OR_PACK")]
    policies: Vec<String>,
    #[command(flatten)]
    select: Select,
}

/// The same for commands that take packs, files and folders as their operands.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Operands {
    /// Packs, files or folders of policies [default: all built-in packs]
    #[arg(value_name = "PATH_OR_PACK")]
    policies: Vec<String>,
    #[command(flatten)]
    select: Select,
}

#[derive(Clone, Debug, Default, clap::Args)]
struct Select {
    /// Only policies chosen by any of these: an id, tag:TAG, severity:SEVERITY (or worse), framework:NAME[/ITEM]
    #[arg(long = "select", value_name = "SELECTOR")]
    selectors: Vec<Selector>,
}

impl Choice {
    /// Loads what is chosen; every mistake goes to the sink.
    pub(super) fn load(&self, sink: &mut Diagnostics) -> Loaded {
        policy::load_selected(&self.policies, &self.select.selectors, sink)
    }

    /// Loads the entries of the error catalogue that come with what is named, chosen or not.
    pub(super) fn errors(&self, sink: &mut Diagnostics) -> Vec<KnownError> {
        policy::load_errors(&self.policies, sink).1
    }
}

impl Operands {
    /// The choice that these operands make.
    pub(super) fn choice(self) -> Choice {
        Choice {
            policies: self.policies,
            select: self.select,
        }
    }
}
