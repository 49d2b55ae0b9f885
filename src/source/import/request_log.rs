//! Request logs: one record a request, as CSV or JSON Lines, from whoever serves them.
//!
//! Columns: `arrival` and either `service` or `start` and `end`, with their units (`arrival_s`, `start_ms` …) or as RFC 3339;
//! `ready`, `key` or `key_hash`, `op`, `worker` or `slot`, `reused`, `outcome` where they are known.

use std::collections::HashMap;

use super::complaints::Complaints;
use super::input::Input;
use super::slices::Slices;
use super::table::{Field, Record, Table, Wrong, has_columns, plain, time};
use crate::model::batch::Batch;
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::request::{Request, RequestOutcome};
use crate::model::time::Timestamp;
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

const FIELDS: &[Field] = &[
    time("arrival"),
    time("start"),
    time("end"),
    time("service"),
    time("ready"),
    plain("key"),
    plain("key_hash"),
    plain("op"),
    plain("worker"),
    plain("slot"),
    plain("reused"),
    plain("outcome"),
];
const ARRIVAL: usize = 0;
const START: usize = 1;
const END: usize = 2;
const SERVICE: usize = 3;
const READY: usize = 4;
const KEY: usize = 5;
const KEY_HASH: usize = 6;
const OPERATION: usize = 7;
const WORKER: usize = 8;
const SLOT: usize = 9;
const REUSED: usize = 10;
const OUTCOME: usize = 11;

/// More names of workers or operations than this are no names.
const MAX_NAMES: usize = 1 << 20;

/// The component and its entity.
pub(super) const COMPONENT: &str = "requests";

/// Whether a file begins like one.
pub(super) fn tells(head: &[u8]) -> bool {
    let with_service = [FIELDS[ARRIVAL], FIELDS[SERVICE]];
    let with_times = [FIELDS[ARRIVAL], FIELDS[START]];
    has_columns(head, &with_service) || has_columns(head, &with_times)
}

/// Opens one.
pub(super) fn open(input: Input) -> Result<Box<dyn Source>, SourceError> {
    let mut complaints = Complaints::new(input.name());
    let info = super::series::info(&input, &[]);
    let table = Table::open(input, FIELDS, &mut complaints)?;
    let mut slices = Slices::default();
    slices.batch().appeared.push(component_entity(EntityId(0), COMPONENT, "Requests"));
    Ok(Box::new(RequestLog { info, table, complaints, slices, workers: HashMap::new(), has_ended: false }))
}

/// The entity of a component that requests go to.
pub(super) fn component_entity(id: EntityId, key: &str, name: &str) -> Entity {
    Entity {
        id,
        kind: EntityKind::Component,
        key: key.to_owned(),
        name: name.to_owned(),
        parent: None,
        component: None,
        started: None,
        ended: None,
        attributes: Default::default(),
    }
}

/// The hash of a key, the same for ever: FNV-1a.
pub(super) fn key_hash(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

struct RequestLog {
    info: SourceInfo,
    table: Table,
    complaints: Complaints,
    slices: Slices,
    /// Numbers of workers that are called by names.
    workers: HashMap<String, u32>,
    has_ended: bool,
}

impl Source for RequestLog {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        while !self.has_ended && !stop.is_requested() {
            let Some(record) = self.table.next(&mut self.complaints) else {
                self.has_ended = true;
                self.complaints.finish()?;
                break;
            };
            match request(record, &mut self.workers) {
                Ok(request) => {
                    self.complaints.take();
                    let at = request.arrival;
                    let full =
                        if self.slices.is_full_before(at) { self.slices.take(&mut self.complaints) } else { None };
                    self.slices.put_at(at);
                    self.slices.batch().requests.push(request);
                    if full.is_some() {
                        return Ok(full);
                    }
                }
                Err(wrong) => self.complaints.leave_out(&wrong.place, &wrong.what),
            }
        }
        Ok(self.slices.take(&mut self.complaints))
    }
}

fn request(record: &Record, workers: &mut HashMap<String, u32>) -> Result<Request, Wrong> {
    let arrival = record.ns(ARRIVAL)?.ok_or_else(|| record.wrong(ARRIVAL, "a time"))?;
    let start = record.ns(START)?;
    let end = record.ns(END)?;
    let service = match (record.ns(SERVICE)?, start, end) {
        (Some(service), ..) => Some(u64::try_from(service).map_err(|_| record.wrong(SERVICE, "a length of time"))?),
        (None, Some(start), Some(end)) => {
            let length = end.checked_sub(start).and_then(|length| u64::try_from(length).ok());
            Some(length.ok_or_else(|| record.wrong(END, "an end after the start"))?)
        }
        _ => None,
    };
    if start.is_some_and(|start| start < arrival) {
        return Err(record.wrong(START, "a start after the arrival"));
    }
    let key = match (record.text(KEY_HASH), record.text(KEY)) {
        (Some(hash), _) => Some(number_of_hash(hash).ok_or_else(|| record.wrong(KEY_HASH, "a number of 64 bits"))?),
        (None, key) => key.map(key_hash),
    };
    let worker_field = if record.text(WORKER).is_some() { WORKER } else { SLOT };
    let worker = match record.text(worker_field) {
        Some(worker) => Some(number_of_worker(worker, workers).ok_or_else(|| record.wrong(worker_field, "a worker"))?),
        None => None,
    };
    let reused = match record.text(REUSED) {
        Some("1" | "true" | "yes") => Some(true),
        Some("0" | "false" | "no") => Some(false),
        Some(_) => return Err(record.wrong(REUSED, "1 or 0")),
        None => None,
    };
    let outcome = match record.text(OUTCOME) {
        Some(word) => RequestOutcome::from_word(&word.to_ascii_lowercase())
            .ok_or_else(|| record.wrong(OUTCOME, "ok, rejected, timeout or error"))?,
        None => RequestOutcome::Ok,
    };
    Ok(Request {
        arrival: Timestamp(arrival),
        entity: EntityId(0),
        start: start.map(Timestamp),
        service_ns: service,
        ready: record.ns(READY)?.map(Timestamp),
        key,
        operation: record.text(OPERATION).map(|text| text.chars().take(200).collect()),
        worker,
        reused,
        outcome,
    })
}

fn number_of_hash(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok().or_else(|| text.parse::<i64>().ok().map(|bits| bits as u64)),
    }
}

/// A worker's number as it is written, or one for its name; those are far above what anybody numbers.
pub(super) fn number_of_worker(text: &str, names: &mut HashMap<String, u32>) -> Option<u32> {
    if let Ok(number) = text.parse::<u32>()
        && number < 1 << 31
    {
        return Some(number);
    }
    if let Some(&number) = names.get(text) {
        return Some(number);
    }
    let number = (1 << 31) + u32::try_from(names.len()).ok()?;
    if names.len() >= MAX_NAMES {
        return None;
    }
    names.insert(text.to_owned(), number);
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Vec<Request>, Vec<String>), String> {
        let mut source = open(Input::of_bytes("log.csv", text.as_bytes())).map_err(|error| error.to_string())?;
        let (mut requests, mut said) = (Vec::new(), Vec::new());
        let mut last = None;
        while let Some(batch) = source.next_batch(&StopSignal::default()).map_err(|error| error.to_string())? {
            assert!(last.is_none_or(|last| last < batch.at), "batches are in order");
            last = Some(batch.at);
            requests.extend(batch.requests);
            said.extend(batch.notices.into_iter().map(|notice| notice.text));
        }
        Ok((requests, said))
    }

    #[test]
    fn csv_and_json_lines_mean_the_same() {
        let csv = "op;key;arrival_ms;start_ms;end_ms;worker;reused;outcome\n\
                   get;k1;0.5;2;4.25;w1;1;ok\nput;k1;1;;;;;rejected\n";
        let json = r#"{"op":"get","key":"k1","arrival_us":500,"start_s":0.002,"service_ms":2.25,"slot":"w1","reused":true}
{"op":"put","key":"k1","arrival_ms":1,"outcome":"rejected","more":[1,2]}
"#;
        let (requests, said) = read(csv).unwrap();
        assert!(said.is_empty(), "{said:?}");
        let first = &requests[0];
        assert_eq!((first.arrival, first.start), (Timestamp(500_000), Some(Timestamp(2_000_000))));
        assert_eq!((first.service_ns, first.end()), (Some(2_250_000), Some(Timestamp(4_250_000))));
        assert_eq!((first.key, first.reused), (Some(key_hash("k1")), Some(true)));
        assert_eq!((requests[1].outcome, requests[1].start), (RequestOutcome::Rejected, None));
        assert_eq!(requests[1].key, first.key);
        assert_eq!(read(json).unwrap().0, requests);
    }

    #[test]
    fn broken_records_are_named_by_line_and_column_and_the_others_are_read() {
        let text = "arrival_s,start_s,end_s,outcome\n1,2,3,ok\n1,2,x,ok\n5,4,6,ok\n5,6,5.5,ok\n7,8,9,lost\n\n,1,2,ok\n8,9,10,error\n";
        let (requests, said) = read(text).unwrap();
        assert_eq!(requests.len(), 2);
        assert!(said[0].contains("log.csv, line 3, column 5: end: a number was expected, not \"x\""), "{said:?}");
        assert!(said[1].contains("line 4, column 3: start: a start after the arrival"), "{said:?}");
        assert!(said[2].contains("line 5, column 5: end"), "{said:?}");
        assert!(said[3].contains("line 6, column 7: outcome: ok, rejected"), "{said:?}");
        assert!(said[4].contains("line 8: arrival is missing"), "{said:?}");
        assert!(read("arrival_s,service_s\nx,y\n").unwrap_err().contains("line 2, column 1: arrival"));
        assert!(read("arrival_s,service_s\n").unwrap_err().contains("nothing in it"));
    }

    #[test]
    fn records_may_come_in_any_order_and_times_by_the_clock() {
        let text = "arrival,service_ms\n2026-11-24T05:00:10Z,1\n2026-11-24T05:00:00Z,2\n2026-11-24T05:00:20Z,3\n";
        let (requests, _) = read(text).unwrap();
        let seconds: Vec<_> = requests.iter().map(|request| request.arrival.0 / 1_000_000_000 % 60).collect();
        assert_eq!(seconds, [10, 0, 20]);
    }
}
