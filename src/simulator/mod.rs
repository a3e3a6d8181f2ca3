//! A stand-in, on loopback, for what an Okta org and a Microsoft Entra tenant let an auditor read.
//!
//! It serves `tenken demo`, rehearsals of a large tenant, and tests. It is written from the
//! vendors' published API descriptions and imports nothing else of this program, so that a mistake
//! made in the collectors is not repeated here.
//!
//! | part | what |
//! |---|---|
//! | `scenario` | what is the case, as YAML: the org, the tenant, the people, and every fault planted among them |
//! | `stock` | what every org and tenant has unless the scenario says otherwise, as YAML |
//! | `world` | a scenario at one point in time: all objects of both vendors, made when they are asked for |
//! | `server` | the two HTTP services that hand the objects out, page by page, with the vendors' manners |

mod draw;
mod endpoint;
mod identity;
mod scenario;
mod server;
mod stock;
mod world;

pub use scenario::{Plant, Scenario, ScenarioError};
pub use server::{
    AppTrust, Credentials, FaultPlan, FaultPlanError, Federation, Limits, PublicKey, Request, Server, ServerOptions,
    ServiceApp,
};
pub use world::{Listed, World};
