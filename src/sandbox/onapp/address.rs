//! Splits a request's path into what it names, the format of the answer, and the page that a path can hold.

use crate::sandbox::request::Request;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

/// A path without its format and its page.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) format: Format,
    pub(super) segments: Vec<String>,
    /// `/page/N` and `/per_page/N`, which only transactions have (documented).
    pub(super) page: Option<usize>,
    pub(super) per_page: Option<usize>,
}

impl Address {
    /// Finds the format by suffix, or else by `Accept`.
    pub(super) fn of(request: &Request) -> Self {
        let wants_xml = request.accept.contains("xml") && !request.accept.contains("json");
        let format = if wants_xml { Format::Xml } else { Format::Json };
        let mut address = Self { format, segments: request.segments.clone(), page: None, per_page: None };
        address.take_page();
        if let Some(last) = address.segments.last_mut() {
            for (suffix, format) in [(".json", Format::Json), (".xml", Format::Xml)] {
                if let Some(stem) = last.strip_suffix(suffix) {
                    *last = stem.to_owned();
                    address.format = format;
                    break;
                }
            }
        }
        address
    }

    /// Takes the pairs after `transactions.json`; the suffix stands before them, nowhere else (documented).
    fn take_page(&mut self) {
        let names = ["transactions", "transactions.json", "transactions.xml"];
        let Some(at) = self.segments.iter().position(|segment| names.contains(&segment.as_str())) else {
            return;
        };
        let pairs = self.segments[at + 1..].to_vec();
        for pair in pairs.chunks(2) {
            let [name, number] = pair else {
                return;
            };
            let number = number.parse().ok().filter(|&number| number > 0);
            match name.as_str() {
                "page" if number.is_some() => self.page = number,
                "per_page" if number.is_some() => self.per_page = number,
                _ => return,
            }
        }
        self.segments.truncate(at + 1);
    }
}
