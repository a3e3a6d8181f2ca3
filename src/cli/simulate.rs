//! `tenken simulate`: runs the simulator for rehearsal, or writes a snapshot of generated people.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use serde_json::value::to_raw_value;

use super::output::Output;
use super::snapshot::runtime;
use super::{Exit, Stop, now};
use crate::catalog::{PerParent, SourceName, Supply, catalog};
use crate::collect::Step;
use crate::config::{AppProof, Config, EntraCredential, OktaCredential, Secret, Tenant};
use crate::simulator::{
    AppTrust, Credentials, FaultPlan, Limits, Listed, PublicKey, Scenario, Server, ServerOptions, ServiceApp, World,
};
use crate::snapshot::{Entry, FORMAT, Manifest, Parent, ParentStatus, Side, SnapshotWriter, Status, Tool, asked};

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is planted: contoso, clean, rollout-3000, or a scenario file
    #[arg(long, value_name = "NAME_OR_FILE", default_value = "contoso")]
    scenario: String,
    /// How many people to generate beside those that the scenario names
    #[arg(long, value_name = "N")]
    users: Option<u32>,
    /// Another seed makes other people
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Write a snapshot of all objects to this folder instead of serving them
    #[arg(long, value_name = "DIR")]
    snapshot: Option<PathBuf>,
    /// The present of the simulated tenants, RFC 3339 [default: now; for --snapshot a fixed day, so that the same
    /// arguments give the same bytes]
    #[arg(long, value_name = "TIME")]
    now: Option<jiff::Timestamp>,
    /// Port of the Okta org [default: a free one]
    #[arg(long, value_name = "PORT", conflicts_with = "snapshot")]
    okta_port: Option<u16>,
    /// Port of Microsoft's sign-in and Graph [default: a free one]
    #[arg(long, value_name = "PORT", conflicts_with = "snapshot")]
    microsoft_port: Option<u16>,
    /// Answer every n-th request with "too many requests"
    #[arg(long, value_name = "N", conflicts_with = "snapshot")]
    throttle_every: Option<u32>,
    /// How much a minute is allowed: what the scenario says, what the vendors have published, or anything
    #[arg(long, value_name = "WHICH", default_value = "scenario", conflicts_with = "snapshot")]
    limits: LimitsName,
    /// What goes wrong, as YAML: `faults:` is a list of `{path: /v1.0/users, answer: stall, from: 2, times: 3}`. In place of
    /// `path` a fault may have `permission: User.Read.All`; `from` (1) is the first request that is met, `times` (1) how
    /// many, `always: true` all. Answers: too_many_requests, too_many_at_once, server_error, unavailable, denied,
    /// expired_cursor, stall, reset, web_page, bad_json, truncated_gzip, loop
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    faults: Option<PathBuf>,
    /// Refuse this path, such as /v1.0/users
    #[arg(long, value_name = "PATH", conflicts_with = "snapshot")]
    deny: Vec<String>,
    /// Let a service app sign in to the Okta org whose public key this is, as PEM: the key that you will use at Okta
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    okta_public_key: Option<PathBuf>,
    /// Let the app registration sign in to Entra with this certificate, as PEM
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    entra_certificate: Option<PathBuf>,
}

/// The simulator's limits by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LimitsName {
    Scenario,
    Published,
    None,
}

/// The present in snapshots of generated people.
const FIXED_DAY: &str = "2026-11-01T00:00:00Z";

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Stop> {
    let mut scenario = scenario(&args.scenario)?;
    if let Some(users) = args.users {
        scenario = scenario.with_people(users);
    }
    if let Some(seed) = args.seed {
        scenario = scenario.with_seed(seed);
    }
    match &args.snapshot {
        Some(folder) => {
            let at = args.now.or_else(|| FIXED_DAY.parse().ok()).unwrap_or_else(now);
            let objects = write_snapshot(&World::new(scenario, at), &args.scenario, folder, at)?;
            output.note(&format!("{objects} objects"));
            output.result(&format!("{}\n", folder.display()))?;
        }
        None => serve(args, scenario, output)?,
    }
    Ok(Exit::Fine)
}

/// A built-in scenario, or one from a file.
pub(super) fn scenario(name: &str) -> Result<Scenario, Stop> {
    let loaded = match Scenario::builtin(name) {
        Some(loaded) => loaded,
        None if Path::new(name).is_file() => {
            let text = std::fs::read_to_string(name)
                .map_err(|error| Stop::Message(format!("cannot read `{name}`: {error}")))?;
            Scenario::parse(&text)
        }
        None => {
            let names = Scenario::names().join(", ");
            return Err(Stop::Message(format!(
                "there is no scenario `{name}`; the built-in ones are {names}"
            )));
        }
    };
    loaded.map_err(|error| Stop::Message(format!("the scenario `{name}` is wrong: {error}")))
}

fn serve(args: &Args, scenario: Scenario, output: &mut Output) -> Result<(), Stop> {
    let options = ServerOptions {
        okta_port: args.okta_port.unwrap_or(0),
        microsoft_port: args.microsoft_port.unwrap_or(0),
        throttle_every: args.throttle_every,
        faults: faults(args.faults.as_deref())?,
        limits: match args.limits {
            LimitsName::Scenario => Limits::Scenario,
            LimitsName::Published => Limits::Published,
            LimitsName::None => Limits::None,
        },
        deny: args.deny.clone(),
        service_app: args.okta_public_key.as_deref().map(service_app).transpose()?,
        app_trust: AppTrust {
            certificate: args.entra_certificate.as_deref().map(certificate).transpose()?,
            ..AppTrust::default()
        },
    };
    let keys = Keys {
        okta: args.okta_public_key.is_some(),
        entra: args.entra_certificate.is_some(),
    };
    runtime()?.block_on(async {
        let server = Server::start(World::new(scenario, args.now.unwrap_or_else(now)), options)
            .await
            .map_err(|error| Stop::Message(format!("cannot start the simulator: {error}")))?;
        let credentials = server.credentials();
        output.note(&format!(
            "save this as tenken.yaml{}\nstop with Ctrl-C",
            keys.advice(credentials)
        ));
        output.result(&config_text("simulated", &server, keys))?;
        let _ = tokio::signal::ctrl_c().await;
        server.shutdown().await;
        Ok(())
    })
}

/// The fault plan of a file, or none.
fn faults(file: Option<&Path>) -> Result<FaultPlan, Stop> {
    let Some(file) = file else {
        return Ok(FaultPlan::default());
    };
    let wrong = |error: String| Stop::Message(format!("the fault plan `{}` is wrong: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    FaultPlan::parse(&text).map_err(|error| wrong(error.to_string()))
}

/// Client id and key id of the service app of a rehearsal.
const SERVICE_APP: (&str, &str) = ("0oa1tkrehearsal000005d7", "rehearsal");

/// The service app whose public key is in a file.
fn service_app(file: &Path) -> Result<ServiceApp, Stop> {
    let public_key =
        PublicKey::parse(&pem_text(file)?).map_err(|error| Stop::Message(format!("`{}`: {error}", file.display())))?;
    Ok(ServiceApp {
        client_id: SERVICE_APP.0.to_owned(),
        key_id: SERVICE_APP.1.to_owned(),
        public_key,
        scopes: None,
        requires_dpop: true,
    })
}

/// The certificate in a file.
fn certificate(file: &Path) -> Result<String, Stop> {
    let text = pem_text(file)?;
    match PublicKey::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Stop::Message(format!("`{}`: {error}", file.display()))),
    }
}

fn pem_text(file: &Path) -> Result<String, Stop> {
    std::fs::read_to_string(file).map_err(|error| Stop::Message(format!("cannot read `{}`: {error}", file.display())))
}

/// Which sides are signed in to with a key.
#[derive(Clone, Copy, Default)]
struct Keys {
    okta: bool,
    entra: bool,
}

impl Keys {
    /// What the user does before `tenken snapshot`.
    fn advice(self, credentials: &Credentials) -> String {
        let mut text = String::new();
        if self.okta || self.entra {
            text.push_str(", and put your private keys where it says");
        }
        let exports = [
            (self.okta, "TENKEN_OKTA_TOKEN", &credentials.okta_token),
            (self.entra, "TENKEN_ENTRA_SECRET", &credentials.client_secret),
        ];
        let exports: Vec<String> = exports
            .iter()
            .filter(|(has_key, ..)| !has_key)
            .map(|(_, name, value)| format!("\n  export {name}={value}"))
            .collect();
        if !exports.is_empty() {
            text.push_str(", and in the shell that runs `tenken snapshot`:");
            text.push_str(&exports.concat());
        }
        text
    }
}

/// A configuration that points at a running simulator; its credentials are made up and worth nothing elsewhere.
fn config_text(name: &str, server: &Server, keys: Keys) -> String {
    let Credentials {
        tenant_id, client_id, ..
    } = server.credentials();
    let okta = match keys.okta {
        true => format!(
            "client_id: {}\n      key_id: {}\n      private_key: {{ file: okta-private-key.pem }}",
            SERVICE_APP.0, SERVICE_APP.1
        ),
        false => "token: { env: TENKEN_OKTA_TOKEN }".to_owned(),
    };
    let entra = match keys.entra {
        true => "certificate: { file: entra-certificate-and-key.pem }",
        false => "client_secret: { env: TENKEN_ENTRA_SECRET }",
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "tenants:\n  - name: {name}\n    okta:\n      url: {}\n      {okta}\n    entra:\n      \
         tenant: {tenant_id}\n      client_id: {client_id}\n      {entra}\n      \
         login_url: {}\n      graph_url: {}\n",
        server.okta_url(),
        server.login_url(),
        server.graph_url()
    );
    text
}

/// The configuration for a running simulator, with its credentials at hand.
pub(super) fn tenant_of(name: &str, server: &Server) -> Result<Tenant, Stop> {
    let config = Config::parse("simulator", &config_text(name, server, Keys::default())).map_err(Stop::Input)?;
    let credentials = server.credentials();
    let mut tenant = config
        .tenants
        .into_iter()
        .next()
        .ok_or_else(|| Stop::Message("no tenant".to_owned()))?;
    let given = |value: &str| Secret::Given(secrecy::SecretString::from(value.to_owned()));
    if let Some(okta) = &mut tenant.okta {
        okta.credential = OktaCredential::ApiToken(given(&credentials.okta_token));
    }
    if let Some(entra) = &mut tenant.entra {
        entra.credential = EntraCredential::App {
            client_id: credentials.client_id.clone(),
            proof: AppProof::ClientSecret(given(&credentials.client_secret)),
        };
    }
    Ok(tenant)
}

/// Writes what a collection of everything would have read.
fn write_snapshot(world: &World, name: &str, folder: &Path, at: jiff::Timestamp) -> Result<u64, Stop> {
    let writer = SnapshotWriter::create(folder, false).map_err(|error| Stop::Message(error.to_string()))?;
    let mut resources = Vec::new();
    for resource in catalog().resources() {
        let Supply::Call(call) = &resource.supply else { continue };
        resources.push(write_resource(world, Step { resource, call }, &writer, at)?);
    }
    let side = |id: &str| {
        Some(Side {
            id: id.to_owned(),
            url: "simulated".to_owned(),
        })
    };
    let name = Path::new(name)
        .file_stem()
        .map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned());
    let objects = resources.iter().map(|entry: &Entry| entry.objects).sum();
    let manifest = Manifest {
        format: FORMAT,
        tool: Tool::this(),
        name,
        okta: side("simulated-org"),
        entra: side("simulated-tenant"),
        started: at,
        ended: at,
        resources,
    };
    writer
        .finish(&manifest)
        .map_err(|error| Stop::Message(error.to_string()))?;
    Ok(objects)
}

fn write_resource(world: &World, step: Step, writer: &SnapshotWriter, at: jiff::Timestamp) -> Result<Entry, Stop> {
    let failed = |error: crate::snapshot::SnapshotError| Stop::Message(error.to_string());
    let resource = step.resource;
    let mut file = writer.resource(&resource.name).map_err(failed)?;
    let asked = step.call.per.as_ref().map(|per| asked_parents(world, per, at));
    {
        let path = listing(step, at);
        let list = world
            .listing(&path)
            .ok_or_else(|| Stop::Message(format!("the simulator does not serve {path}")))?;
        for Listed { parent, object } in list {
            if let (Some(asked), Some(parent)) = (&asked, &parent)
                && !asked.contains(parent)
            {
                continue;
            }
            let raw = to_raw_value(&selected(step, object)).map_err(|error| Stop::Message(error.to_string()))?;
            file.push(parent.as_deref(), &raw).map_err(failed)?;
        }
    }
    let finished = file.finish().map_err(failed)?;
    Ok(Entry {
        resource: resource.name.clone(),
        source: resource.source,
        status: Status::Complete,
        reason: None,
        endpoint: step.endpoint(),
        api_version: step.call.version.clone(),
        permission: step.call.permission.clone(),
        fields: step.fields(),
        objects: finished.objects,
        pages: 0,
        requests: 0,
        throttles: 0,
        bytes: finished.bytes,
        read_at: Some(at),
        file: Some(finished.file),
        sha256: Some(finished.sha256),
        parents: match asked {
            Some(keys) => Some(writer.parents(&resource.name, &read_whole(keys)).map_err(failed)?),
            None => None,
        },
    })
}

/// What the call asks for of an object, when it is one of several that read the same path.
fn selected(step: Step, mut object: Json) -> Json {
    let select = step.call.query.iter().find(|(name, _)| name == "$select");
    if let (Some((_, names)), Some(fields)) = (select, object.as_object_mut()) {
        fields.retain(|field, _| names.split(',').any(|name| name == field));
    }
    object
}

fn read_whole(keys: Vec<String>) -> Vec<ParentStatus> {
    keys.into_iter()
        .map(|key| ParentStatus {
            key,
            status: Status::Complete,
            reason: None,
        })
        .collect()
}

/// Keys of the parents that a collection would ask.
fn asked_parents(world: &World, per: &PerParent, at: jiff::Timestamp) -> Vec<String> {
    let Some(resource) = per.parent.resource() else {
        return Vec::new();
    };
    let Supply::Call(call) = &resource.supply else {
        return Vec::new();
    };
    let listed = world.listing(&listing(Step { resource, call }, at));
    let parent = |Listed { parent, object }| Parent { parent, object };
    let parents: Vec<Parent> = listed.into_iter().flatten().map(parent).collect();
    asked(per, &parents).keys
}

/// The simulator's name for what a step reads: its path with what filters the list.
fn listing(step: Step, at: jiff::Timestamp) -> String {
    let path = match step.resource.source {
        SourceName::Okta => step.call.path.clone(),
        SourceName::Entra => format!("/{}{}", step.call.version, step.call.path),
    };
    let query = step.query(at).into_iter();
    let filters = query.filter(|(name, _)| matches!(name.as_str(), "filter" | "since" | "until" | "type"));
    let filters: Vec<String> = filters.map(|(name, value)| format!("{name}={value}")).collect();
    if filters.is_empty() {
        path
    } else {
        format!("{path}?{}", filters.join("&"))
    }
}
