//! Which policies a command works on: `--policies` and `--select`, the same everywhere; and what is particular to a tenant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Stop;
use crate::config::{Config, Tenant};
use crate::diagnostic::Diagnostics;
use crate::policy::{self, Adjustments, KnownError, Loaded, Request, Selector};

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
    /// What is chosen, changed by nobody yet.
    pub(super) fn request(&self) -> Request {
        Request {
            names: self.policies.clone(),
            selectors: self.select.selectors.clone(),
            ..Request::default()
        }
    }

    /// Loads what is chosen; every mistake goes to the sink.
    pub(super) fn load(&self, sink: &mut Diagnostics) -> Loaded {
        self.request().load(sink)
    }

    /// Loads the entries of the error catalogue that come with what is named, chosen or not.
    pub(super) fn errors(&self, sink: &mut Diagnostics) -> Vec<KnownError> {
        self.whole(sink).1
    }

    /// Loads everything that comes with what is named, chosen or not: policies, and the entries of the error catalogue.
    pub(super) fn whole(&self, sink: &mut Diagnostics) -> (Loaded, Vec<KnownError>) {
        policy::load_errors(&self.policies, sink)
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

/// What is particular to a tenant or to this run.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Tailoring {
    /// The configuration, for what it says of policies: parameters and scope
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which tenant of the configuration [default: the one that the snapshot is of]
    #[arg(long, value_name = "NAME", requires = "config")]
    tenant: Option<String>,
    /// Sets a parameter of a policy for this run
    #[arg(long = "param", value_name = "ID.NAME=VALUE")]
    params: Vec<String>,
}

impl Tailoring {
    /// The configuration.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Adds to a request what the configuration says of the tenant of that name, and what was set for this run.
    pub(super) fn add_to(&self, request: &mut Request, tenant: Option<&str>) -> Result<(), Stop> {
        if let Some(path) = &self.config {
            let config = Config::read(path)?;
            add_tenant(request, config.tenant(self.tenant.as_deref().or(tenant))?);
        }
        for text in &self.params {
            let adjustments = Adjustments::of_argument(text).map_err(Stop::Message)?;
            request.adjustments.push(Arc::new(adjustments));
        }
        Ok(())
    }
}

/// Adds to a request what the configuration says of a tenant.
pub(super) fn add_tenant(request: &mut Request, tenant: &Tenant) {
    request.adjustments.push(Arc::new(Adjustments::of_tenant(tenant)));
}
