//! The two HTTP services: one listener for the Okta org, one for Microsoft's sign-in and Graph.
//! Only on loopback.

mod answer;
mod assertion;
mod clock;
mod fault;
mod graph;
mod graph_error;
mod graph_rules;
mod login;
mod okta;
mod okta_error;
mod okta_login;
mod paging;
mod rate_limit;
mod request_log;

use std::future::IntoFuture as _;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request as HttpRequest, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use assertion::PublicKey;
pub use fault::{FaultPlan, FaultPlanError};
pub use login::{AppTrust, Federation};
pub use okta_login::ServiceApp;
pub use request_log::Request;

use super::endpoint::Endpoint;
use super::world::World;
use assertion::Used;
use clock::Clock;
use fault::Faults;
use login::Tokens;
use okta_login::Grants;
use paging::Cursors;
use rate_limit::{RateLimits, Throttle, UnitLimits};
use request_log::RequestLog;

/// How long requests under way may take to end when a server is shut down.
const FAREWELL: Duration = Duration::from_secs(5);

/// What can be set when a server is started.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// Port of the Okta org; 0 for any that is free.
    pub okta_port: u16,
    /// Port of Microsoft's sign-in and Graph; 0 for any that is free.
    pub microsoft_port: u16,
    /// Every so many API requests one is answered 429, counted for each vendor by itself; the next
    /// is answered again. Less than 2 is taken for 2, since a client that is always refused
    /// gets nowhere. Token requests do not count.
    pub throttle_every: Option<u32>,
    /// How much a minute the vendors allow.
    pub limits: Limits,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Path templates that the vendor refuses with its 403, besides those that the scenario
    /// denies.
    pub deny: Vec<String>,
    /// A service app that may sign in to the Okta org, besides the API token.
    pub service_app: Option<ServiceApp>,
    /// What the auditor's app registration may sign in with, besides its secret.
    pub app_trust: AppTrust,
}

/// How much a minute the vendors allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limits {
    /// Okta's published rates times the scenario's factor; Graph is not limited.
    #[default]
    Scenario,
    /// What both vendors have published, for an org and a tenant of this size.
    Published,
    /// No limits.
    None,
}

/// What an auditor needs to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The Okta API token.
    pub okta_token: String,
    /// The Entra tenant's id.
    pub tenant_id: String,
    /// The application (client) id of the auditor's app registration.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

/// The simulator, up and running. It stops when it is shut down or dropped.
#[derive(Debug)]
pub struct Server {
    /// The Okta org.
    okta: Listening,
    /// Microsoft's sign-in and Graph.
    microsoft: Listening,
    /// What their requests see.
    shared: Arc<Shared>,
}

/// A service that is up.
#[derive(Debug)]
struct Listening {
    /// Tells it to stop.
    stop: oneshot::Sender<()>,
    /// Ends when it has.
    task: JoinHandle<io::Result<()>>,
}

/// What every request sees.
#[derive(Debug)]
struct Shared {
    /// What there is to be read.
    world: World,
    /// What time it is.
    clock: Clock,
    /// What is needed to sign in.
    credentials: Credentials,
    /// Where the Okta org listens.
    okta_url: String,
    /// Where Microsoft listens.
    microsoft_url: String,
    /// Templates that are refused.
    denied: Vec<&'static str>,
    /// Marks of pages.
    cursors: Cursors,
    /// Okta's request counters.
    rate_limits: RateLimits,
    /// What goes wrong.
    faults: Faults,
    /// Graph's resource units.
    unit_limits: UnitLimits,
    /// Refuses requests to Okta now and then.
    okta_throttle: Throttle,
    /// Refuses requests to Graph now and then.
    graph_throttle: Throttle,
    /// Tokens for Graph.
    tokens: Tokens,
    /// Assertions that were used to sign in to Microsoft.
    assertions: Used,
    /// Tokens for the Okta org.
    grants: Grants,
    /// Who may sign in to the Okta org with a key.
    service_app: Option<ServiceApp>,
    /// What else is good for signing in to Microsoft.
    app_trust: AppTrust,
    /// What was asked.
    log: RequestLog,
    /// How many answers there were.
    answered: AtomicU64,
}

impl Shared {
    /// A number that tells an answer from all others.
    fn next_number(&self) -> u64 {
        self.answered.fetch_add(1, Ordering::Relaxed)
    }
}

impl Server {
    /// Starts both services on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When a port cannot be had, or `deny` names a path that the simulator does not serve.
    pub async fn start(world: World, options: ServerOptions) -> io::Result<Server> {
        let denied = denied(&world, &options)?;
        let okta = TcpListener::bind((Ipv4Addr::LOCALHOST, options.okta_port)).await?;
        let microsoft = TcpListener::bind((Ipv4Addr::LOCALHOST, options.microsoft_port)).await?;
        let (org, tenant) = (&world.scenario.file.okta, &world.scenario.file.entra);
        let credentials = Credentials {
            okta_token: org.token.clone(),
            tenant_id: tenant.tenant_id.clone(),
            client_id: tenant.client.id.clone(),
            client_secret: tenant.client.secret.clone(),
        };
        let shared = Arc::new(Shared {
            clock: Clock::starting_at(world.now),
            credentials,
            okta_url: format!("http://{}", okta.local_addr()?),
            microsoft_url: format!("http://{}", microsoft.local_addr()?),
            denied,
            cursors: Cursors::new(&world),
            rate_limits: RateLimits::new(match options.limits {
                Limits::Scenario => org.rate_limit_factor,
                Limits::Published => 1,
                Limits::None => 1_000_000,
            }),
            faults: Faults::new(options.faults),
            unit_limits: UnitLimits::new((options.limits == Limits::Published).then(|| world.people())),
            okta_throttle: Throttle::new(options.throttle_every),
            graph_throttle: Throttle::new(options.throttle_every),
            tokens: Tokens::default(),
            assertions: Used::default(),
            grants: Grants::default(),
            service_app: options.service_app,
            app_trust: options.app_trust,
            log: RequestLog::default(),
            answered: AtomicU64::new(0),
            world,
        });
        let okta_login = Router::new().route(okta_login::PATH, any(okta_login::serve));
        let okta = listen(okta, okta_login.fallback(okta::serve), &shared);
        let login = Router::new()
            .route("/{tenant}/oauth2/v2.0/token", any(login::serve))
            .route(login::METADATA_PATH, any(login::serve_identity));
        let microsoft = listen(microsoft, login.fallback(graph::serve), &shared);
        Ok(Server {
            okta,
            microsoft,
            shared,
        })
    }

    /// Address of the Okta org, without a slash at the end.
    pub fn okta_url(&self) -> String {
        self.shared.okta_url.clone()
    }

    /// Address of Microsoft's sign-in, without a slash at the end.
    pub fn login_url(&self) -> String {
        self.shared.microsoft_url.clone()
    }

    /// Address of Microsoft Graph, without a slash at the end and without an API version.
    pub fn graph_url(&self) -> String {
        self.shared.microsoft_url.clone()
    }

    /// What is needed to sign in.
    pub fn credentials(&self) -> &Credentials {
        &self.shared.credentials
    }

    /// What has been asked, the oldest first; of very many requests the latest 10,000.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.all()
    }

    /// Stops taking requests and waits, for a few seconds at most, for those under way.
    pub async fn shutdown(self) {
        let services = [self.okta, self.microsoft].map(|Listening { stop, task }| {
            // A service that has already ended hears nothing, which is as well.
            let _ = stop.send(());
            task
        });
        for mut task in services {
            if tokio::time::timeout(FAREWELL, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

/// Puts a service on a listener.
fn listen(listener: TcpListener, router: Router<Arc<Shared>>, shared: &Arc<Shared>) -> Listening {
    let (stop, stopped) = oneshot::channel::<()>();
    let logged = router
        .layer(middleware::from_fn_with_state(Arc::clone(shared), log))
        .with_state(Arc::clone(shared));
    // The channel also ends when the server is dropped.
    let service = axum::serve(listener, logged).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    Listening {
        stop,
        task: tokio::spawn(service.into_future()),
    }
}

/// Writes every request down, with how it was answered.
async fn log(State(shared): State<Arc<Shared>>, request: HttpRequest, next: Next) -> Response {
    let (method, uri) = (request.method().to_string(), request.uri().clone());
    let response = match shared.faults.answer(&shared, &uri).await {
        Some(fault) => fault,
        None => next.run(request).await,
    };
    shared.log.note(Request {
        method,
        path: uri.path().to_owned(),
        query: uri.query().map(str::to_owned),
        status: response.status().as_u16(),
        at: shared.clock.now(),
    });
    response
}

/// The templates that are denied, checked against those that are served.
fn denied(world: &World, options: &ServerOptions) -> io::Result<Vec<&'static str>> {
    let templates = world.scenario.file.deny.iter().chain(&options.deny);
    let known = templates.map(|template| {
        let unknown = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the simulator has no path `{template}`"),
            )
        };
        Endpoint::of_template(template)
            .map(|endpoint| endpoint.template)
            .ok_or_else(unknown)
    });
    known.collect()
}
