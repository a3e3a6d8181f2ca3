//! Shows a plan of collection: `tenken snapshot --plan`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::Stop;
use super::output::Output;
use super::table::Table;
use crate::catalog::SourceName;
use crate::collect::{BucketForecast, Forecast, Plan, RateShare, StepForecast};

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Table,
    Json,
}

/// Prints a plan and what it takes.
pub(super) fn print(
    plan: &Plan,
    forecast: &Forecast,
    people: u64,
    share: RateShare,
    form: Form,
    output: &mut Output,
) -> Result<(), Stop> {
    match form {
        Form::Table => {
            let text = text(plan, forecast, people, share, output.width());
            output.result(&text)?;
        }
        Form::Json => {
            let text = serde_json::to_string_pretty(&whole(plan, forecast, people, share))
                .map_err(|error| Stop::Message(error.to_string()))?;
            output.json(&text)?;
        }
    }
    Ok(())
}

/// For programs: everything.
fn whole(plan: &Plan, forecast: &Forecast, people: u64, share: RateShare) -> Json {
    let step = |step: &StepForecast| {
        let call = step.step.call;
        json!({
            "resource": step.step.resource.name,
            "source": step.step.resource.source,
            "endpoint": step.step.endpoint(),
            "query": call.query.iter().cloned().collect::<BTreeMap<String, String>>(),
            "select": step.step.fields(),
            "once_for_each": call.per.as_ref().map(|per| per.parent.name()),
            "where": call.per.as_ref().and_then(|per| per.filter.as_ref()),
            "permission": call.permission,
            "licence": call.licence,
            "clouds": call.clouds,
            "bucket": step.bucket.name,
            "lists": step.lists,
            "objects": step.objects,
            "requests": step.requests
        })
    };
    let bucket = |entry: &BucketForecast| {
        let bucket = entry.bucket;
        json!({
            "bucket": bucket.name,
            "source": bucket.source,
            "limit": bucket.limit,
            "unit": bucket.unit,
            "seconds": bucket.seconds,
            "from": bucket.from,
            "requests": entry.requests,
            "minutes": minutes(entry.seconds)
        })
    };
    json!({
        "people": people,
        "rate_share": share.to_string(),
        "requests": forecast.requests(),
        "minutes": minutes(forecast.seconds()),
        "permissions": {
            "okta": plan.permissions(SourceName::Okta),
            "entra": plan.permissions(SourceName::Entra)
        },
        "steps": forecast.steps.iter().map(step).collect::<Vec<_>>(),
        "buckets": forecast.buckets.iter().map(bucket).collect::<Vec<_>>()
    })
}

/// For people: calls, permissions, and where the time goes.
fn text(plan: &Plan, forecast: &Forecast, people: u64, share: RateShare, width: usize) -> String {
    let calls = forecast.steps.iter().map(|step| {
        json!({
            "resource type": step.step.resource.name,
            "requests": step.requests,
            "permission": step.step.call.permission,
            "call": step.step.endpoint(),
            "needs": step.step.call.licence
        })
    });
    let mut text = Table::of(&calls.collect()).text(width);
    for (source, name) in [
        (SourceName::Okta, "Okta scopes"),
        (SourceName::Entra, "Microsoft Graph permissions"),
    ] {
        let permissions = plan.permissions(source);
        if !permissions.is_empty() {
            let _ = write!(text, "\n{name}:\n");
            for permission in permissions {
                let _ = writeln!(text, "  {permission}");
            }
        }
    }
    let buckets = forecast.buckets.iter().map(|entry| {
        let bucket = entry.bucket;
        json!({
            "bucket": bucket.name,
            "source": bucket.source,
            "requests": entry.requests,
            "minutes": minutes(entry.seconds),
            "published limit": format!("{} {} in {} s", bucket.limit, unit(entry), bucket.seconds)
        })
    });
    text.push('\n');
    text.push_str(&Table::of(&buckets.collect()).text(width));
    let _ = write!(
        text,
        "\nabout {} requests and {} minutes for {people} people, with {share} of the published limits; an estimate: how \
         much a tenant has of the rest is guessed, and the vendors' answers set the pace\n",
        forecast.requests(),
        minutes(forecast.seconds())
    );
    text
}

fn unit(entry: &BucketForecast) -> &'static str {
    match entry.bucket.unit {
        crate::catalog::LimitUnit::Requests => "requests",
        crate::catalog::LimitUnit::Units => "units",
    }
}

/// Minutes to one decimal, never none for something.
fn minutes(seconds: f64) -> f64 {
    (seconds / 6.0).ceil() / 10.0
}
