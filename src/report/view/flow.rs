//! The flow of licences: from what Okta hands them out by, to products, to what has come of it. Laid out here, so that
//! templates only draw.

use serde::Serialize;

use crate::audit::Audit;
use crate::audit::flow::{Arrivals, LicenceFlow, LicenceFlows};
use crate::report::shown::Shown;

/// Places of the three columns of nodes, and how wide a node is.
const COLUMNS: [u64; 3] = [250, 500, 760];
/// See [`COLUMNS`].
const NODE: u64 = 10;
/// How high all people together are.
const PEOPLE: u64 = 220;
/// The least that a name needs, and what is free between two nodes.
const LINE: u64 = 20;
/// See [`LINE`].
const GAP: u64 = 8;
/// Longest name in the picture; the table has the whole.
const NAME: usize = 26;

/// How licences flow.
#[derive(Debug, Serialize)]
pub(super) struct FlowsView {
    /// Each way and product with its people.
    rows: Vec<FlowRow>,
    /// Flows that are only summed.
    more: u64,
    /// Their people: those to whom it has come, those to whom it has not, and those of whom that could not be told.
    rest: [u64; 3],
    /// People of whom it is not known what Okta hands them.
    open: u64,
    /// How high the picture is.
    height: u64,
    nodes: Vec<FlowNode>,
    bands: Vec<FlowBand>,
}

/// A way and a product.
#[derive(Debug, Serialize)]
struct FlowRow {
    /// `group`, `several_groups`, `no_group` or `person`.
    route: &'static str,
    group: Option<Shown>,
    product: Shown,
    arrived: u64,
    missing: u64,
    unknown: u64,
}

/// Where bands meet.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct FlowNode {
    /// 0 for ways, 1 for products, 2 for outcomes.
    column: usize,
    /// A route, `product`, `rest`, or an outcome.
    kind: &'static str,
    /// Of a group or a product.
    name: Option<Shown>,
    people: u64,
    x: u64,
    y: u64,
    height: u64,
}

/// People between two nodes.
#[derive(Debug, Serialize)]
struct FlowBand {
    /// The outcome, for those that end there.
    kind: &'static str,
    people: u64,
    /// The path of its outline.
    path: String,
}

/// What is told of the flows of an audit, if it has any.
pub(super) fn of(audit: &Audit) -> Option<FlowsView> {
    let flows = audit.licence_flows.as_ref()?;
    let picture = Picture::of(flows);
    let counts = |people: &Arrivals| [people.arrived, people.missing, people.unknown];
    let row = |flow: &LicenceFlow| FlowRow {
        route: flow.route.as_str(),
        group: group(flow),
        product: Shown::name(&flow.product),
        arrived: flow.people.arrived,
        missing: flow.people.missing,
        unknown: flow.people.unknown,
    };
    Some(FlowsView {
        rows: flows.flows.iter().map(row).collect(),
        more: flows.more,
        rest: counts(&flows.rest),
        open: flows.open,
        height: picture.height,
        nodes: picture.nodes,
        bands: picture.bands,
    })
}

/// What a group is called.
fn group(flow: &LicenceFlow) -> Option<Shown> {
    flow.group.as_ref().map(super::finding::resource_name)
}

/// What a node stands for: its column, its kind, and the key of its group or product. Names can be alike.
type Key<'a> = (usize, &'static str, Option<&'a str>);

/// People between two places of nodes.
struct Link {
    from: usize,
    to: usize,
    kind: &'static str,
    people: u64,
}

/// Nodes, and who goes from where to where, before they have their places.
#[derive(Default)]
struct Picture<'a> {
    /// What each node stands for.
    keys: Vec<Key<'a>>,
    nodes: Vec<FlowNode>,
    links: Vec<Link>,
    bands: Vec<FlowBand>,
    height: u64,
}

impl<'a> Picture<'a> {
    fn of(flows: &'a LicenceFlows) -> Self {
        let mut picture = Self::default();
        for flow in &flows.flows {
            let key = flow.group.as_ref().map(|group| group.key.as_str());
            let way = picture.node((0, flow.route.as_str(), key), group(flow));
            let product = picture.node((1, "product", Some(&flow.product)), Some(Shown::name(&flow.product)));
            picture.people(way, product, &flow.people);
        }
        if flows.rest.all() > 0 {
            let (way, product) = (
                picture.node((0, "rest", None), None),
                picture.node((1, "rest", None), None),
            );
            picture.people(way, product, &flows.rest);
        }
        picture.place();
        picture.draw();
        picture
    }

    /// Place of a node, which is made when it is first met.
    fn node(&mut self, key: Key<'a>, name: Option<Shown>) -> usize {
        if let Some(at) = self.keys.iter().position(|known| *known == key) {
            return at;
        }
        self.keys.push(key);
        let (column, kind, _) = key;
        self.nodes.push(FlowNode {
            column,
            kind,
            name: name.map(|name| name.cut(NAME)),
            people: 0,
            x: COLUMNS.get(column).copied().unwrap_or_default(),
            y: 0,
            height: 0,
        });
        self.nodes.len() - 1
    }

    /// People of a flow, on both of its halves.
    fn people(&mut self, way: usize, product: usize, people: &Arrivals) {
        self.link(way, product, "product", people.all());
        for (outcome, count) in [
            ("pass", people.arrived),
            ("fail", people.missing),
            ("unknown", people.unknown),
        ] {
            if count > 0 {
                let end = self.node((2, outcome, None), None);
                self.link(product, end, outcome, count);
            }
        }
    }

    fn link(&mut self, from: usize, to: usize, kind: &'static str, people: u64) {
        match self.links.iter_mut().find(|link| (link.from, link.to) == (from, to)) {
            Some(link) => link.people += people,
            None => self.links.push(Link { from, to, kind, people }),
        }
    }

    /// Gives each node its height and its place below the one before it.
    fn place(&mut self) {
        for at in 0..self.nodes.len() {
            let sum = |ends: fn(&Link) -> usize| -> u64 {
                let links = self.links.iter().filter(|link| ends(link) == at);
                links.map(|link| link.people).sum()
            };
            let people = sum(|link| link.from).max(sum(|link| link.to));
            if let Some(node) = self.nodes.get_mut(at) {
                node.people = people;
            }
        }
        let total = self.total();
        let mut ends = [GAP; 3];
        for node in &mut self.nodes {
            node.height = (node.people * PEOPLE).div_ceil(total);
            let slot = node.height.max(LINE);
            let Some(end) = ends.get_mut(node.column) else { continue };
            node.y = *end + (slot - node.height) / 2;
            *end += slot + GAP;
        }
        self.height = ends.into_iter().max().unwrap_or_default();
    }

    /// All people, each as often as they get a product.
    fn total(&self) -> u64 {
        let ways = self.nodes.iter().filter(|node| node.column == 0);
        ways.map(|node| node.people).sum::<u64>().max(1)
    }

    /// Draws the bands, at each node from above to below.
    fn draw(&mut self) {
        let total = self.total();
        let mut left: Vec<u64> = self.nodes.iter().map(|node| node.y).collect();
        let mut right = left.clone();
        for Link { from, to, kind, people } in &self.links {
            let height = (people * PEOPLE).div_ceil(total);
            let (Some(start), Some(end)) = (self.nodes.get(*from), self.nodes.get(*to)) else {
                continue;
            };
            let (Some(y0), Some(y1)) = (right.get_mut(*from), left.get_mut(*to)) else {
                continue;
            };
            let (x0, x1) = (start.x + NODE, end.x);
            let middle = u64::midpoint(x0, x1);
            let (z0, z1) = (*y0 + height, *y1 + height);
            self.bands.push(FlowBand {
                kind,
                people: *people,
                path: format!(
                    "M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}V{z1}C{middle} {z1} {middle} {z0} {x0} {z0}Z"
                ),
            });
            (*y0, *y1) = (z0, z1);
        }
    }
}
