//! How fast the crowd streams; a figure to read, not a bar to pass.

use std::time::Instant;

use tenken::simulator::{Scenario, ServerOptions, World};

use super::client::{Client, now};

#[test]
fn speed_of_the_crowd() {
    let people = if cfg!(debug_assertions) { 2_000 } else { 1_000_000 };
    let world = World::new(
        Scenario::builtin("contoso").unwrap().unwrap().with_people(people),
        now(),
    );
    for path in ["/api/v1/users", "/api/v1/apps/{appId}/users", "/v1.0/users"] {
        let start = Instant::now();
        let objects = world.listing(path).unwrap().count();
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{path}: {objects} objects in {seconds:.2} s, {:.0} a second",
            objects as f64 / seconds
        );
    }
}

#[tokio::test]
async fn speed_of_the_pages() {
    let people = if cfg!(debug_assertions) { 1_000 } else { 100_000 };
    let world = World::new(
        Scenario::builtin("contoso").unwrap().unwrap().with_people(people),
        now(),
    );
    let client = Client::of(world, ServerOptions::default()).await;
    let start = Instant::now();
    let (users, pages) = client
        .all_of_graph("/v1.0/users?$select=id,userPrincipalName,licenseAssignmentStates&$top=999")
        .await;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "/v1.0/users over HTTP: {} objects in {} pages, {:.0} a second",
        users.len(),
        pages.len(),
        users.len() as f64 / seconds
    );
}
