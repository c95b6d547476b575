//! The endpoints, one function each, in JSON or XML on the wire to the same result.

use std::collections::HashSet;

use serde_json::Value;

use super::{convert, error, permissions, xml};
use crate::error::{Error, Exit, Result, code};
use crate::http::{self, Answer, DecodeFailure, Decoded, Dialect, Flow, Gap, Http, Request, Walk};
use crate::model::{Machine, Object, redact};

/// Pages read at the most, whatever the server says.
const MAX_PAGES: u64 = 1_000;

/// What travels on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// JSON, the default.
    #[default]
    Json,
    /// XML.
    Xml,
}

impl Wire {
    /// Gives its name in the config file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }
}

/// What is done with the rows of each page of a list.
pub type Each<'a, T> = &'a mut dyn FnMut(Vec<Object<T>>) -> Result<Flow>;

/// A list that was read to its end.
pub struct Listed<T> {
    pub rows: Vec<Object<T>>,
    /// What the pages said of it.
    pub walk: Walk,
}

impl<T> Listed<T> {
    pub fn models(self) -> Vec<T> {
        self.rows.into_iter().map(|row| row.model).collect()
    }
}

pub struct OnApp {
    pub(super) http: Http,
    wire: Wire,
    pub(super) show_secrets: bool,
}

impl OnApp {
    /// What this API's answers look like, for the HTTP client.
    pub const DIALECT: Dialect = Dialect {
        read_error: error::read_error,
        // OnApp's refusals can be empty, and its 500 and 404 of an unknown path are pages of its web server.
        may_be_api: |answer| !answer.is_markup(),
        permission_hint: permissions::hint,
        redact,
    };

    /// Makes a client over `http`. Secrets are hidden in what it gives unless `show_secrets`.
    pub fn new(http: Http, wire: Wire, show_secrets: bool) -> Self {
        Self { http, wire, show_secrets }
    }

    /// Gives the HTTP client below.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Asks for the version of the control panel; it needs credentials. Old clouds have no such page (404): there the
    /// machines are asked for, and the version stays unknown.
    pub async fn version(&self) -> Result<Option<String>> {
        match self.http.fetch(&self.request("/version"), self.decoder()).await {
            Ok((body, _)) => Ok(body.get("version").unwrap_or(&body).as_str().map(str::to_owned)),
            Err(error) if error.status == Some(404) => {
                self.machines(&mut |_| Ok(Flow::Enough)).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Lists the machines.
    pub async fn machines(&self, each: Each<'_, Machine>) -> Result<Walk> {
        self.list("/virtual_machines", "virtual_machine", convert::machine, each).await
    }

    /// Finds a machine by label, host name, number or identifier among all.
    pub async fn find_machine(&self, name: &str) -> Result<Object<Machine>> {
        let (mut found, mut like) = (Vec::new(), None);
        let mut keep = |page: Vec<Object<Machine>>| {
            like = Machine::nearest(name, page.iter().map(|row| &row.model)).map(str::to_owned).or(like.take());
            found.extend(page.into_iter().filter(|machine| {
                let keys = [&machine.model.id, &machine.model.identifier];
                machine.model.is_called(name) || keys.iter().any(|key| key.as_deref() == Some(name))
            }));
            Ok(Flow::More)
        };
        self.machines(&mut keep).await?;
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => {
                let error = Error::new(Exit::NotFound, "not_found", format!("no VM of the cloud is called `{name}`"));
                let error = match like {
                    Some(like) => error.hint(format!("did you mean `{like}`?")),
                    None => error,
                };
                Err(error.hint("`bpctl vm list` shows the VMs"))
            }
            count => {
                let ids: Vec<&str> = found.iter().filter_map(|machine| machine.model.id.as_deref()).collect();
                let message = format!("`{name}` names {count} VMs: {}", ids.join(", "));
                Err(Error::new(Exit::Usage, code::AMBIGUOUS_NAME, message).hint("write the number"))
            }
        }
    }

    pub(super) fn object<T>(&self, mut raw: Value, convert: fn(&Value) -> T) -> Object<T> {
        if !self.show_secrets {
            redact(&mut raw);
        }
        Object { model: convert(&raw), raw }
    }

    /// Walks through a list. No paging is documented, some clouds have headers for it: the first request asks
    /// for nothing, and more pages are asked for when `X-Total` says that rows are missing, or the answer may be cut.
    pub(super) async fn list<T>(
        &self,
        path: &str,
        key: &'static str,
        convert: fn(&Value) -> T,
        each: Each<'_, T>,
    ) -> Result<Walk> {
        self.list_with(path, &[], key, convert, each).await
    }

    /// The same, of a list that a query cuts down.
    pub(super) async fn list_with<T>(
        &self,
        path: &str,
        query: &[(String, String)],
        key: &'static str,
        convert: fn(&Value) -> T,
        each: Each<'_, T>,
    ) -> Result<Walk> {
        let mut seen = HashSet::new();
        let mut take = |body: Value| {
            let mut rows = rows(body, key)?;
            let all = rows.len() as u64;
            rows.retain(|row| is_new(row, &mut seen));
            let count = PageCount { all, new: rows.len() as u64 };
            Ok((count, each(rows.into_iter().map(|raw| self.object(raw, convert)).collect())?))
        };
        self.walk(path, query, self.decoder(), &mut take).await
    }

    /// Walks through a list from which the models alone are needed: however long an answer is, one row at a time is
    /// unfolded.
    pub(super) async fn models<T>(
        &self,
        path: &str,
        key: &'static str,
        convert: fn(&Value) -> T,
        each: &mut dyn FnMut(T),
    ) -> Result<Walk> {
        let mut seen = HashSet::new();
        let mut take = |body: Value| {
            let Value::Array(texts) = body else {
                return Err(Error::invalid_response("the response is not a list"));
            };
            let mut count = PageCount { all: texts.len() as u64, new: 0 };
            for text in texts {
                let row = unwrap(unfolded(text)?, key);
                if !row.is_object() {
                    return Err(Error::invalid_response("the list holds something that is not an object"));
                }
                if is_new(&row, &mut seen) {
                    count.new += 1;
                    each(convert(&row));
                }
            }
            Ok((count, Flow::More))
        };
        let decode = match self.wire {
            Wire::Json => decode_json_rows,
            Wire::Xml => decode_xml,
        };
        self.walk(path, &[], decode, &mut take).await
    }

    /// Asks for page after page.
    pub(super) async fn walk(
        &self,
        path: &str,
        query: &[(String, String)],
        decode: fn(&Answer) -> Decoded,
        take: &mut dyn FnMut(Value) -> Result<(PageCount, Flow)>,
    ) -> Result<Walk> {
        let (mut number, mut count, mut page_size) = (1, 0, None);
        // A row that is deleted meanwhile moves others to a page that was read already: the highest count shows it.
        let (mut total, mut has_moved) = (None, false);
        loop {
            let mut request = self.request(path);
            request.query.extend_from_slice(query);
            if let Some(size) = page_size {
                request = request.query("page", u64::to_string(&number)).query("per_page", u64::to_string(&size));
            }
            let (body, answer) = self.http.fetch(&request, decode).await?;
            let (page, flow) = take(body)?;
            count += page.new;
            total = total.max(answer.total);
            // One that is below what was received is none: some clouds send 0 (recorded).
            let counted = total.filter(|total| *total >= count);
            if flow == Flow::Enough {
                return Ok(Walk::stopped(count, counted));
            }
            has_moved |= number > 1 && page.new > 0 && page.new < page.all;
            let has_more = counted.map_or_else(|| may_be_cut(&answer, page.all), |total| total > count);
            if !has_more || page.new == 0 {
                let gap = (has_moved && counted.is_none()).then_some(Gap::Moved);
                let walk = Walk::counted(count, counted);
                return Ok(Walk { gap: walk.gap.or(gap), ..walk });
            }
            if number >= MAX_PAGES {
                return Err(Error::invalid_response(format!("the list has no end: stopped after {MAX_PAGES} pages")));
            }
            page_size = page_size.or(answer.limit.filter(|limit| *limit > 0)).or(Some(page.all));
            number += 1;
        }
    }

    /// Reads a list to its end.
    pub(super) async fn all<T>(&self, path: &str, key: &'static str, convert: fn(&Value) -> T) -> Result<Listed<T>> {
        let mut rows = Vec::new();
        let mut keep = |page: Vec<Object<T>>| {
            rows.extend(page);
            Ok(Flow::More)
        };
        let walk = self.list(path, key, convert, &mut keep).await?;
        Ok(Listed { rows, walk })
    }

    pub(super) fn request(&self, path: &str) -> Request {
        match self.wire {
            Wire::Json => Request::get(format!("{path}.json")),
            Wire::Xml => Request { accept: "application/xml", ..Request::get(format!("{path}.xml")) },
        }
    }

    pub(super) fn decoder(&self) -> fn(&Answer) -> Decoded {
        match self.wire {
            Wire::Json => decode_json,
            Wire::Xml => decode_xml,
        }
    }
}

/// The rows of a page.
#[derive(Clone, Copy)]
pub(super) struct PageCount {
    pub all: u64,
    /// Those that were not on a page before.
    pub new: u64,
}

/// Row counts of pages that clouds are known to cut lists at (inferred). An answer of just so many may be cut.
const USUAL_PAGES: [u64; 5] = [10, 20, 25, 50, 100];

/// Whether an answer that does not count its rows may leave some out: a full page, or a total that cannot be read. One
/// more page is asked for then; a cloud that ignores `page` repeats its rows, which ends the list.
fn may_be_cut(answer: &Answer, rows: u64) -> bool {
    match answer.limit.filter(|limit| *limit > 0) {
        Some(limit) => rows >= limit,
        None => answer.is_total_unreadable || USUAL_PAGES.contains(&rows),
    }
}

/// Decodes JSON, or XML where a cloud sends it anyway.
pub(super) fn decode_json(answer: &Answer) -> Decoded {
    let is_xml = answer.content_type.as_deref().is_some_and(|kind| kind.to_lowercase().contains("xml"));
    if is_xml && !answer.body.is_empty() { decode_xml(answer) } else { http::json(answer) }
}

/// The same, of a list whose rows stay texts until they are needed.
fn decode_json_rows(answer: &Answer) -> Decoded {
    let is_xml = answer.content_type.as_deref().is_some_and(|kind| kind.to_lowercase().contains("xml"));
    if is_xml && !answer.body.is_empty() { decode_xml(answer) } else { http::json_rows(answer) }
}

/// Reads a row that [`decode_json_rows`] left as a text.
fn unfolded(row: Value) -> Result<Value> {
    let Value::String(text) = row else { return Ok(row) };
    let mut reader = serde_json::Deserializer::from_str(&text);
    // The depth of the whole answer was checked.
    reader.disable_recursion_limit();
    serde::Deserialize::deserialize(&mut reader)
        .map_err(|_| Error::invalid_response("the list holds something that is not an object"))
}

/// A row without an id cannot be distinguished from others: it is kept. A number may come as text.
fn is_new(row: &Value, seen: &mut HashSet<String>) -> bool {
    convert::word(row, "id").is_none_or(|id| seen.insert(id))
}

/// Decodes XML. A page of HTML parses as XML now and then: its root gives it away.
///
/// # Errors
/// [`DecodeFailure`]: cut off, HTML, or not XML of this kind.
pub fn decode_xml(answer: &Answer) -> Decoded {
    let (root, value) = xml::document(&answer.body)?;
    match root.to_lowercase().as_str() {
        "html" => Err(DecodeFailure::Invalid("an HTML page instead of XML".to_owned())),
        // An empty list in any spelling: `<nil-classes type="array"/>`, `<backups/>`.
        _ if value.as_str().is_some_and(|text| text.trim().is_empty()) => Ok(Value::Array(Vec::new())),
        _ => Ok(value),
    }
}

/// Takes the rows of a list out of their wrappers: `[{"backup": {…}}]`.
pub fn rows(body: Value, key: &str) -> Result<Vec<Value>> {
    let Value::Array(rows) = body else {
        return Err(Error::invalid_response("the response is not a list"));
    };
    let rows: Vec<Value> = rows.into_iter().map(|row| unwrap(row, key)).collect();
    if rows.iter().all(Value::is_object) {
        Ok(rows)
    } else {
        Err(Error::invalid_response("the list holds something that is not an object"))
    }
}

pub(super) fn unwrap(mut row: Value, key: &str) -> Value {
    match row.get_mut(key) {
        Some(inner) if inner.is_object() => inner.take(),
        _ => row,
    }
}

/// Percent-encodes what a user wrote, for use as one path segment.
pub(super) fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut segment, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            segment.push(char::from(byte))
        } else {
            segment.push_str(&format!("%{byte:02X}"))
        }
        segment
    })
}
