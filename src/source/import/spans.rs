//! Spans of OpenTelemetry as OTLP/JSON: one document, or one a line, as collectors write them.
//!
//! A request is a span of kind server or consumer. Its operation is the span's name, its service lasts as long as the span, and it
//! arrived when its sender sent it: at the start of a parent of kind client, at the end of one of kind producer (also by a link).
//! Without its sender in the file the wait is not known. `vivarium.key` is the key; `worker`, `thread.id` or `process.pid` the worker.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use serde::Deserialize;
use serde_json::Value;

use super::complaints::Complaints;
use super::input::Input;
use super::request_log::{self, key_hash, number_of_worker};
use super::slices::Slices;
use crate::model::batch::Batch;
use crate::model::entity::EntityId;
use crate::model::request::{Request, RequestOutcome};
use crate::model::time::Timestamp;
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

/// More spans are not held in memory.
const MAX_SPANS: usize = 8_000_000;

/// Longer files are not read to their end.
const MAX_BYTES: u64 = 8 << 30;

/// Whether a file begins like one.
pub(super) fn tells(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"{") && head.windows(15).any(|text| text == b"\"resourceSpans\"")
}

/// Opens one.
pub(super) fn open(input: Input) -> Result<Box<dyn Source>, SourceError> {
    let complaints = Complaints::new(input.name());
    let info = super::series::info(&input, &[]);
    let requests = Vec::new().into_iter();
    Ok(Box::new(Spans { info, stream: Some(input.into_stream()), complaints, slices: Slices::default(), requests }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    #[serde(default)]
    resource: Resource,
    #[serde(default, alias = "instrumentationLibrarySpans")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Default, Deserialize)]
struct Resource {
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct ScopeSpans {
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(default)]
    span_id: String,
    #[serde(default)]
    parent_span_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: Value,
    #[serde(default)]
    start_time_unix_nano: Value,
    #[serde(default)]
    end_time_unix_nano: Value,
    #[serde(default)]
    attributes: Vec<Attribute>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    #[serde(default)]
    span_id: String,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    code: Value,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: Value,
}

/// A served span, before its sender is looked for.
struct Served {
    start: i64,
    service_ns: u64,
    senders: Vec<u64>,
    service: u32,
    operation: u32,
    key: Option<u64>,
    worker: Option<u32>,
    is_error: bool,
}

#[derive(Default)]
struct Gathered {
    served: Vec<Served>,
    /// When each client or producer sent.
    sent: HashMap<u64, i64>,
    services: Names,
    operations: Names,
    workers: HashMap<String, u32>,
    spans: usize,
}

#[derive(Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        let name: String = name.chars().take(200).collect();
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

struct Spans {
    info: SourceInfo,
    /// Until it is read.
    stream: Option<Box<dyn BufRead + Send>>,
    complaints: Complaints,
    slices: Slices,
    requests: std::vec::IntoIter<Request>,
}

impl Source for Spans {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        if let Some(stream) = self.stream.take() {
            // A wait is known only when both spans were met, in whatever order.
            let gathered = gather(stream, &mut self.complaints, stop);
            self.place(gathered)?;
        }
        for request in self.requests.by_ref() {
            let at = request.arrival;
            let full = if self.slices.is_full_before(at) { self.slices.take(&mut self.complaints) } else { None };
            self.slices.put_at(at);
            self.slices.batch().requests.push(request);
            if full.is_some() {
                return Ok(full);
            }
        }
        Ok(self.slices.take(&mut self.complaints))
    }
}

impl Spans {
    fn place(&mut self, gathered: Gathered) -> Result<(), SourceError> {
        let Gathered { served, sent, services, operations, .. } = gathered;
        self.complaints.finish()?;
        if served.is_empty() {
            let name = &self.info.title;
            return Err(SourceError(format!(
                "{name}: none of its spans is of kind server or consumer, so that there are no requests in it"
            )));
        }
        let is_one = served.iter().all(|span| span.service == served[0].service);
        let batch = self.slices.batch();
        for (index, name) in services.names.iter().enumerate() {
            let (key, name) =
                if is_one { (request_log::COMPONENT, "Requests") } else { (name.as_str(), name.as_str()) };
            let id = EntityId(index as u32);
            if served.iter().any(|span| span.service == id.0) {
                batch.appeared.push(request_log::component_entity(id, key, name));
            }
        }
        let mut unknown = 0;
        let request = |span: Served| {
            let sent = span.senders.iter().find_map(|sender| sent.get(sender)).filter(|sent| **sent <= span.start);
            unknown += u64::from(sent.is_none());
            Request {
                arrival: Timestamp(sent.copied().unwrap_or(span.start)),
                entity: EntityId(span.service),
                start: sent.map(|_| Timestamp(span.start)),
                service_ns: Some(span.service_ns),
                ready: None,
                key: span.key,
                operation: operations.names.get(span.operation as usize).filter(|name| !name.is_empty()).cloned(),
                worker: span.worker,
                reused: None,
                outcome: if span.is_error { RequestOutcome::Error } else { RequestOutcome::Ok },
            }
        };
        let mut requests: Vec<Request> = served.into_iter().map(request).collect();
        requests.sort_by_key(|request| request.arrival);
        if unknown > 0 {
            let all = requests.len();
            self.complaints
                .say(format!("of {unknown} of {all} requests the sender's span is missing, and so is their wait"));
        }
        self.requests = requests.into_iter();
        Ok(())
    }
}

fn gather(stream: Box<dyn BufRead + Send>, complaints: &mut Complaints, stop: &StopSignal) -> Gathered {
    let mut gathered = Gathered::default();
    let documents = serde_json::Deserializer::from_reader(stream.take(MAX_BYTES)).into_iter::<Document>();
    for document in documents {
        if stop.is_requested() {
            break;
        }
        match document {
            Ok(document) => gathered.take(document, complaints),
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                complaints
                    .leave_out(&place, &format!("a document of spans was expected ({error}); the rest is not read"));
                break;
            }
        }
        if gathered.spans >= MAX_SPANS {
            complaints.say(format!("only the first {MAX_SPANS} spans are read"));
            break;
        }
    }
    gathered
}

impl Gathered {
    fn take(&mut self, document: Document, complaints: &mut Complaints) {
        for resource in document.resource_spans {
            let service = text(&resource.resource.attributes, "service.name").unwrap_or_default();
            let service = self.services.number(&service);
            let of_resource = text(&resource.resource.attributes, "process.pid");
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                self.spans += 1;
                match self.span(span, service, of_resource.as_deref()) {
                    Some(()) => complaints.take(),
                    None => {
                        let place = format!("span {}", self.spans);
                        complaints.leave_out(&place, "a start and a later end in nanoseconds were expected");
                    }
                }
            }
        }
    }

    fn span(&mut self, span: Span, service: u32, pid: Option<&str>) -> Option<()> {
        let (start, end) = (nanoseconds(&span.start_time_unix_nano)?, nanoseconds(&span.end_time_unix_nano)?);
        let service_ns = u64::try_from(end.checked_sub(start)?).ok()?;
        let kind = match &span.kind {
            Value::String(word) => word.trim_start_matches("SPAN_KIND_").to_ascii_lowercase(),
            Value::Number(number) => match number.as_i64() {
                Some(2) => "server",
                Some(3) => "client",
                Some(4) => "producer",
                Some(5) => "consumer",
                _ => "",
            }
            .to_owned(),
            _ => String::new(),
        };
        match kind.as_str() {
            "client" => {
                self.sent.insert(key_hash(&span.span_id), start);
            }
            "producer" => {
                self.sent.insert(key_hash(&span.span_id), end);
            }
            "server" | "consumer" => {
                let worker = ["worker", "thread.id", "process.pid"].iter().find_map(|key| text(&span.attributes, key));
                let worker = worker.as_deref().or(pid).and_then(|worker| number_of_worker(worker, &mut self.workers));
                let links = span.links.iter().map(|link| link.span_id.as_str());
                let senders = std::iter::once(span.parent_span_id.as_str()).chain(links);
                let is_error = match &span.status.code {
                    Value::Number(code) => code.as_i64() == Some(2),
                    code => code.as_str() == Some("STATUS_CODE_ERROR"),
                };
                self.served.push(Served {
                    start,
                    service_ns,
                    senders: senders.filter(|id| !id.is_empty()).take(4).map(key_hash).collect(),
                    service,
                    operation: self.operations.number(&span.name),
                    key: text(&span.attributes, "vivarium.key").map(|key| key_hash(&key)),
                    worker,
                    is_error,
                });
            }
            _ => {}
        }
        Some(())
    }
}

/// OTLP writes numbers of 64 bits as text.
fn nanoseconds(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    }
}

fn text(attributes: &[Attribute], key: &str) -> Option<String> {
    let value = &attributes.iter().find(|attribute| attribute.key == key)?.value;
    let values = value.as_object()?.values();
    values.into_iter().find_map(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Vec<Batch>, Vec<Request>), String> {
        let mut source = open(Input::of_bytes("s.json", text.as_bytes())).map_err(|error| error.to_string())?;
        let mut batches = Vec::new();
        while let Some(batch) = source.next_batch(&StopSignal::default()).map_err(|error| error.to_string())? {
            batches.push(batch);
        }
        let requests = batches.iter().flat_map(|batch| batch.requests.clone()).collect();
        Ok((batches, requests))
    }

    fn document(spans: &str) -> String {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#
        )
    }

    const SERVER: &str = r#"{"spanId":"b","parentSpanId":"a","name":"GET /cart","kind":2,"startTimeUnixNano":"1500","endTimeUnixNano":"4000",
        "attributes":[{"key":"vivarium.key","value":{"intValue":"7"}},{"key":"thread.id","value":{"intValue":3}}],"status":{"code":2}}"#;
    const CLIENT: &str =
        r#"{"spanId":"a","name":"call","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1000,"endTimeUnixNano":5000}"#;

    #[test]
    fn a_wait_is_from_the_senders_send_to_the_start() {
        // One document a line, the sender after what it sent.
        let text = format!("{}\n{}\n", document(&SERVER.replace('\n', "")), document(CLIENT));
        let (batches, requests) = read(&text).unwrap();
        assert_eq!(batches[0].appeared[0].key, "requests");
        let [request] = &requests[..] else { panic!("{requests:?}") };
        assert_eq!((request.arrival, request.start), (Timestamp(1000), Some(Timestamp(1500))));
        assert_eq!((request.service_ns, request.worker, request.key), (Some(2500), Some(3), Some(key_hash("7"))));
        assert_eq!((request.operation.as_deref(), request.outcome), (Some("GET /cart"), RequestOutcome::Error));
    }

    #[test]
    fn without_its_sender_a_span_has_no_wait_and_that_is_said() {
        let (batches, requests) = read(&document(SERVER)).unwrap();
        assert_eq!((requests[0].arrival, requests[0].start), (Timestamp(1500), None));
        assert!(batches[0].notices[0].text.contains("1 of 1 requests"), "{:?}", batches[0].notices);
        assert!(read(&document(CLIENT)).unwrap_err().contains("server or consumer"));
        let cut = &document(SERVER)[..200];
        assert!(read(cut).unwrap_err().contains("line 1, column 200"));
        let wrong = document(&SERVER.replace("\"4000\"", "\"x\""));
        assert!(read(&wrong).unwrap_err().contains("span 1"), "{:?}", read(&wrong).unwrap_err());
    }
}
