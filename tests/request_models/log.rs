//! Logs of the workloads.

use std::path::Path;

use vivarium::model::entity::EntityId;
use vivarium::model::request::{Request, RequestOutcome};
use vivarium::model::time::Timestamp;
use vivarium::whatif::data::{ComponentData, SessionData};
use vivarium::whatif::prediction::{Effort, Part};
use vivarium::whatif::requests::predict;
use vivarium::whatif::scenario::Setting;

/// One run.
pub struct Cell {
    pub name: String,
    /// Load and settings, as the name of the log says.
    pub parts: Vec<String>,
    pub requests: Vec<Request>,
    admitted: Vec<Option<i64>>,
    busy_cores: f64,
}

/// The logs of a suite.
pub fn read(folder: &Path, suite: &str) -> Vec<Cell> {
    let list = std::fs::read_to_string(folder.join("cells.csv")).unwrap();
    let mut cells: Vec<Cell> = list
        .lines()
        .filter_map(|line| line.split_once(','))
        .filter(|(name, _)| name.split('-').next() == Some(suite))
        .map(|(name, busy)| {
            let text = std::fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
            let (requests, admitted) = text.lines().skip(1).map(row).unzip();
            let parts = name.split('-').skip(1).map(str::to_owned).collect();
            Cell { name: name.to_owned(), parts, requests, admitted, busy_cores: busy.parse().unwrap() }
        })
        .collect();
    cells.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!cells.is_empty(), "no logs of {suite} in {}", folder.display());
    cells
}

fn row(line: &str) -> (Request, Option<i64>) {
    let fields: Vec<&str> = line.split(',').collect();
    let [arrival, admitted, ready, start, end, key, worker, reused, outcome] = fields[..] else { panic!("{line}") };
    let time = |text: &str| text.parse::<i64>().ok().map(|us| Timestamp(us * 1000));
    let (start, end) = (time(start), time(end));
    let request = Request {
        arrival: time(arrival).unwrap(),
        entity: EntityId(1),
        start,
        service_ns: start.zip(end).map(|(start, end)| (end.0 - start.0) as u64),
        ready: time(ready),
        key: key.parse().ok(),
        operation: None,
        worker: worker.parse().ok(),
        reused: (!reused.is_empty()).then_some(reused == "1"),
        outcome: RequestOutcome::from_word(outcome).unwrap(),
    };
    (request, admitted.parse().ok())
}

fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = q * (values.len() - 1) as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

impl Cell {
    /// What this recording says of other settings: the first part.
    pub fn predict(&self, settings: &[String]) -> Part {
        let component = ComponentData {
            id: "workload".into(),
            title: self.name.clone(),
            requests: self.requests.clone(),
            cpu_cores: vec![(self.requests[0].arrival, self.busy_cores)],
            ..ComponentData::default()
        };
        let cores = std::thread::available_parallelism().map_or(2.0, |cores| cores.get() as f64);
        let data =
            SessionData { cores: Some(cores), word_bytes: 8, components: vec![component], ..SessionData::default() };
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        predict(&data, &settings, Effort::Full, &|| false).remove(0)
    }

    fn served(&self) -> Vec<&Request> {
        self.requests.iter().filter(|request| request.outcome == RequestOutcome::Ok).collect()
    }

    pub fn wait_us(&self, q: f64) -> f64 {
        let wait = |request: &&Request| (request.start.unwrap().0 - request.arrival.0) as f64 / 1e3;
        quantile(self.served().iter().map(wait).collect(), q)
    }

    pub fn sojourn_us(&self, q: f64) -> f64 {
        let sojourn = |request: &&Request| (request.end().unwrap().0 - request.arrival.0) as f64 / 1e3;
        quantile(self.served().iter().map(sojourn).collect(), q)
    }

    pub fn rejected_share(&self) -> f64 {
        1.0 - self.served().len() as f64 / self.requests.len() as f64
    }

    pub fn reuse_share(&self) -> f64 {
        mean(self.requests.iter().map(|request| f64::from(u8::from(request.reused == Some(true)))))
    }

    pub fn mean_startup_us(&self) -> f64 {
        mean(self.requests.iter().map(|request| (request.ready.unwrap().0 - request.arrival.0) as f64 / 1e3))
    }

    pub fn throughput_per_s(&self) -> f64 {
        let first = self.requests.iter().map(|request| request.arrival).min().unwrap();
        let last = self.served().iter().filter_map(|request| request.end()).max().unwrap();
        self.served().len() as f64 / last.seconds_since(first)
    }

    /// How much later than a sender that is never held up requests were admitted.
    pub fn delay_us(&self, unblocked: &Cell, q: f64) -> f64 {
        let since = |cell: &Cell, ns: i64| (ns - cell.requests[0].arrival.0) as f64 / 1e3;
        let pairs = self.admitted.iter().zip(&unblocked.requests);
        let delays = pairs.filter_map(|(admitted, free)| {
            Some(since(self, admitted.as_ref()? * 1000) - since(unblocked, free.arrival.0))
        });
        quantile(delays.map(|delay| delay.max(0.0)).collect(), q)
    }
}
