//! Flows of licences, for reports to show: what policies have read of them anyway.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use bumpalo::Bump;
use hashbrown::HashMap;
use rayon::prelude::*;
use serde_json::Value as Json;

use super::products::column;
use super::table::Tables;
use crate::audit::ResourceId;
use crate::audit::flow::{Arrivals, LicenceFlow, LicenceFlows, MAX_FLOWS, Route};
use crate::catalog::catalog;
use crate::expr::{RecordRef, Records as _, Value, compile, run, to_json};
use crate::policy::derived::row_scope;
use crate::policy::{Needs, Policy, needs};

/// What is told of an assignment that hands out licences of the snapshot's tenant: the application, how the person was
/// assigned, what they are to get, and what they have in Entra.
const PERSON: &str = "!(app_user.app.targets_tenant && app_user.app.provisions_licences) ? []\
    : [app_user.parent, app_user.scope, app_user.profile.licenses, app_user.entra_user == null ? []\
    : app_user.entra_user.license_states.filter(s, s.error == null || s.error == 'None').map(s, s.sku.name)]";
/// Groups that hand them out.
const GROUPS: &str = "okta.app_groups.filter(x, x.manages_licences)";
/// What is told of each.
const OF_GROUP: [&str; 4] = ["x.parent", "x.id", "x.name", "x.profile.licenses"];
/// Names of products that are known.
const PRODUCTS: &str = "entra.skus.filter(k, k.name != null).map(k, k.name)";

/// Rows handled together.
const CHUNK: u32 = 8192;

/// A way, and what comes by it.
type Flow = (Route, Option<String>, String);

/// All flows. None when policies did not have all of this read, or nobody is handed anything: a picture that lacks some
/// would look whole.
pub(super) fn all(policies: &[Policy], tables: &Tables) -> Option<LicenceFlows> {
    let sources = Sources {
        read: needs(policies),
        tables,
    };
    let products = Products::of(&sources.column(PRODUCTS)?);
    let [apps, ids, names, licences] = sources.columns(GROUPS, OF_GROUP)?;
    let names = names_of(&ids, &names);
    let groups = groups([apps, ids, licences], &products)?;
    let mut flows: BTreeMap<Flow, Arrivals> = BTreeMap::new();
    let mut open = 0;
    for (told, people) in sources.people()? {
        let [Json::String(app), Json::String(scope), licences, held] = told.as_array().map_or(&[][..], Vec::as_slice)
        else {
            open += if told == Json::Array(Vec::new()) { 0 } else { people };
            continue;
        };
        let Some(licences) = texts(licences) else {
            open += people;
            continue;
        };
        // What somebody gets several service plans of is one product.
        let named: BTreeSet<String> = licences.iter().map(|licence| products.named(licence)).collect();
        for product in named {
            let giving = groups.get(&(app.clone(), product.clone()));
            let (route, group) = match (scope.as_str(), giving.map_or(&[][..], Vec::as_slice)) {
                ("USER", _) => (Route::Person, None),
                (_, []) => (Route::NoGroup, None),
                (_, [only]) => (Route::Group, Some(only.clone())),
                _ => (Route::SeveralGroups, None),
            };
            let arrival = arrival(&product, held, &products, people);
            *flows.entry((route, group, product)).or_default() += arrival;
        }
    }
    (!flows.is_empty()).then(|| listed(flows, open, &names))
}

/// The flows with most people, and the sum of the rest.
fn listed(flows: BTreeMap<Flow, Arrivals>, open: u64, names: &HashMap<String, String>) -> LicenceFlows {
    let mut flows: Vec<(Flow, Arrivals)> = flows.into_iter().collect();
    flows.sort_by_key(|(_, people)| Reverse(people.all()));
    let more = flows.split_off(flows.len().min(MAX_FLOWS));
    let mut rest = Arrivals::default();
    more.iter().for_each(|(_, people)| rest += *people);
    let flow = |((route, group, product), people): (Flow, Arrivals)| LicenceFlow {
        route,
        group: group.map(|key| ResourceId {
            resource_type: "okta.group".to_owned(),
            name: names.get(&key).cloned(),
            key,
        }),
        product,
        people,
    };
    LicenceFlows {
        flows: flows.into_iter().map(flow).collect(),
        more: more.len() as u64,
        rest,
        open,
    }
}

/// Whether people who hold these have a product. Where a product that they hold has no name, it may be this one.
fn arrival(product: &str, held: &Json, products: &Products, people: u64) -> Arrivals {
    let mut told = Arrivals::default();
    match held.as_array().filter(|_| products.has(product)) {
        Some(names) if names.iter().any(|name| name.as_str() == Some(product)) => told.arrived = people,
        Some(names) if names.iter().all(Json::is_string) => told.missing = people,
        _ => told.unknown = people,
    }
    told
}

/// Groups of each application that give a product; none when it is not known of one what it gives.
fn groups(
    [apps, ids, licences]: [Vec<Json>; 3],
    products: &Products,
) -> Option<HashMap<(String, String), Vec<String>>> {
    let mut groups: HashMap<(String, String), Vec<String>> = HashMap::new();
    for ((app, id), licences) in apps.iter().zip(&ids).zip(&licences) {
        let (app, id) = (app.as_str()?, id.as_str()?);
        let given: BTreeSet<String> = texts(licences)?.iter().map(|licence| products.named(licence)).collect();
        for product in given {
            groups.entry((app.to_owned(), product)).or_default().push(id.to_owned());
        }
    }
    Some(groups)
}

/// Names of groups by their ids.
fn names_of(ids: &[Json], names: &[Json]) -> HashMap<String, String> {
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let pairs = ids.iter().zip(names);
    pairs.filter_map(|(id, name)| Some((text(id)?, text(name)?))).collect()
}

/// People of whom the same is told: how many, and the first.
type Alike = HashMap<String, (u64, u32)>;

/// Writes what is told of a person so that the same is written alike, and what is not the same is not.
fn spell(value: Value<'_>, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(&text.len().to_string());
            out.push(':');
            out.push_str(text);
        }
        Value::List(list) if list.open.is_none() && list.maybe.is_empty() => {
            out.push('[');
            list.iter().for_each(|item| spell(item, out));
            out.push(']');
        }
        Value::Null => out.push('n'),
        _ => out.push('?'),
    }
}

/// The texts of a list; none when it, or one of them, is not known.
fn texts(list: &Json) -> Option<Vec<&str>> {
    list.as_array()?.iter().map(Json::as_str).collect()
}

/// Names of products by their spelling in lower case.
struct Products(HashMap<String, String>);

impl Products {
    fn of(names: &[Json]) -> Self {
        let names = names.iter().filter_map(Json::as_str);
        Self(names.map(|name| (name.to_lowercase(), name.to_owned())).collect())
    }

    /// Whether it is a product and not a licence that names none.
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_lowercase())
    }

    /// The product of a licence, `<product> - <service plan>`, or the licence where no product has that name.
    fn named(&self, licence: &str) -> String {
        let lower = licence.to_lowercase();
        let ends = lower.rmatch_indices(" - ").filter_map(|(at, _)| lower.get(..at));
        let longest_first = ends.map(str::to_owned);
        let found = std::iter::once(lower.clone())
            .chain(longest_first)
            .find_map(|name| self.0.get(&name));
        found.map_or_else(|| licence.to_owned(), String::clone)
    }
}

/// What is asked, of what policies have read.
struct Sources<'a> {
    read: Needs,
    tables: &'a Tables,
}

impl Sources<'_> {
    fn column(&self, text: &str) -> Option<Vec<Json>> {
        column(text, &self.read, self.tables)
    }

    /// What is told of people, each different thing once and of how many: most are handed the same.
    fn people(&self) -> Option<Vec<(Json, u64)>> {
        let ty = catalog().resource("okta.app_user")?.record;
        let plan = compile(PERSON, &row_scope(ty)).plan?;
        if !self.read.cover(&Needs::of(&plan.reads)) || self.tables.open(ty).is_some() {
            return None;
        }
        let variables = |row: u32| {
            [
                Value::Record(RecordRef { ty, row }),
                Value::Timestamp(self.tables.now()),
            ]
        };
        let rows = self.tables.rows(ty);
        let chunk = |chunk: u32| {
            let mut arena = Bump::new();
            let (mut found, mut spelled) = (Alike::new(), String::new());
            for row in chunk * CHUNK..((chunk + 1) * CHUNK).min(rows) {
                spelled.clear();
                spell(run(&plan, &variables(row), self.tables, &arena), &mut spelled);
                let (people, _) = found.entry_ref(spelled.as_str()).or_insert((0, row));
                *people += 1;
                arena.reset();
            }
            found
        };
        let sum = |mut sum: Alike, more: Alike| {
            for (spelled, (people, first)) in more {
                let (known, row) = sum.entry(spelled).or_insert((0, first));
                *known += people;
                *row = first.min(*row);
            }
            sum
        };
        let found = (0..rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(chunk)
            .reduce(Alike::new, sum);
        let arena = Bump::new();
        let told = |row| to_json(run(&plan, &variables(row), self.tables, &arena), self.tables);
        Some(found.into_values().map(|(people, row)| (told(row), people)).collect())
    }

    /// What is told of each of a list.
    fn columns<const N: usize>(&self, list: &str, told: [&str; N]) -> Option<[Vec<Json>; N]> {
        let columns = told.iter().map(|told| self.column(&format!("{list}.map(x, {told})")));
        columns.collect::<Option<Vec<_>>>()?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Scope;

    #[test]
    fn what_is_told_of_flows_compiles() {
        let each = |list: &str, told: &str| format!("{list}.map(x, {told})");
        let groups = OF_GROUP.map(|told| each(GROUPS, told));
        for text in groups.iter().chain([&PRODUCTS.to_owned()]) {
            let compiled = compile(text, &Scope::snapshot());
            assert!(compiled.mistakes.is_empty() && compiled.plan.is_some(), "{text}");
        }
        let compiled = compile(PERSON, &row_scope(catalog().resource("okta.app_user").unwrap().record));
        assert!(compiled.mistakes.is_empty() && compiled.plan.is_some());
    }

    #[test]
    fn only_the_same_is_spelled_alike() {
        let spelled = |values: &[Value<'_>]| {
            let arena = Bump::new();
            let mut out = String::new();
            spell(Value::list(values, &arena), &mut out);
            out
        };
        let different = [
            spelled(&[Value::String("a"), Value::String("b")]),
            spelled(&[Value::String("ab")]),
            spelled(&[Value::String("a1:b")]),
            spelled(&[Value::Null]),
            spelled(&[Value::String("n")]),
            spelled(&[Value::String("")]),
            spelled(&[]),
        ];
        assert_eq!(different.iter().collect::<BTreeSet<_>>().len(), different.len());
        assert_eq!(spelled(&[Value::String("a"), Value::String("b")]), different[0]);
    }

    #[test]
    fn a_licence_is_of_the_product_with_the_longest_name() {
        let names = ["Teams", "Teams - Premium", "Office 365 E3"].map(Json::from);
        let products = Products::of(&names);
        for (licence, product) in [
            ("Office 365 E3 - Exchange Online (Plan 2)", "Office 365 E3"),
            ("TEAMS - premium - Voice", "Teams - Premium"),
            ("teams", "Teams"),
            ("Something - else", "Something - else"),
        ] {
            assert_eq!(products.named(licence), product);
        }
    }

    #[test]
    fn what_is_not_known_has_neither_arrived_nor_is_it_missing() {
        let products = Products::of(&[Json::from("E3")]);
        let counts = |product: &str, held: Json| {
            let told = arrival(product, &held, &products, 1);
            [told.arrived, told.missing, told.unknown]
        };
        assert_eq!(counts("E3", serde_json::json!(["E5", "E3"])), [1, 0, 0]);
        assert_eq!(counts("E3", serde_json::json!(["E5"])), [0, 1, 0]);
        assert_eq!(counts("E3", serde_json::json!(["E5", null])), [0, 0, 1]);
        assert_eq!(counts("E3", serde_json::json!({ "unknown": [] })), [0, 0, 1]);
        assert_eq!(counts("No such", serde_json::json!(["E3"])), [0, 0, 1]);
    }
}
