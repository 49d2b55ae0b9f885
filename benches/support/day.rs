//! The recording of a day that benches ask and draw: made once, kept under `target/tmp`.
//!
//! `VIVARIUM_BENCH_VALUES=100000000` makes it as large as the budgets speak of; the default is a tenth of it.

use std::path::{Path, PathBuf};

use vivarium::store::recording::Writer;

use crate::synthetic::{Machine, Shape, info};

/// A day of 500 entities.
pub fn shape() -> Shape {
    let values = std::env::var("VIVARIUM_BENCH_VALUES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000_000);
    Shape { entities: 500, hours: 24.0, values: Some(values) }
}

/// Its file, made if it is not there yet.
pub fn recording(shape: Shape) -> PathBuf {
    let name = format!("bench-{}.vivarium", shape.values.unwrap_or(0));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !path.exists() {
        let unfinished = path.with_extension("unfinished");
        let _ = std::fs::remove_file(&unfinished);
        let mut writer = Writer::create(&unfinished, &info()).unwrap();
        Machine::new(shape).for_each(|batch| writer.append(&batch).unwrap());
        writer.finish().unwrap();
        std::fs::rename(&unfinished, &path).unwrap();
    }
    path
}
