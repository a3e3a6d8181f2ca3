//! Reports of real audits: what they say, what they leave out, and that text from a tenant stays text.

mod audits;
mod browser;
mod files;
mod formats;
mod hostile;
mod house;
mod html;
mod json;
mod limits;
mod markdown;
mod meaning;
mod payloads;
mod reference;
mod samples;
mod terminal;
