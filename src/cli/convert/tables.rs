//! Tables of a recording as CSV or Parquet, in files of their own or on standard output.

use std::io::Write;
use std::path::Path;

use anyhow::anyhow;

use super::Target;
use super::rows::{Rows, TABLES};
use crate::cli::output::{NewFile, check_free};
use crate::export::parquet::TableWriter;
use crate::export::{csv, table::Table};
use crate::source::StopSignal;
use crate::store::recording::Recording;

/// Writes the series to a file or to standard output, or every table that has rows into a folder.
///
/// # Errors
/// When the recording can't be read, a file exists or can't be written, or the user has interrupted.
pub fn write(
    recording: &Recording,
    target: Target<'_>,
    parquet: bool,
    force: bool,
    stop: &StopSignal,
) -> anyhow::Result<()> {
    let rows = Rows::new(recording, stop)?;
    match target {
        Target::StandardOutput if parquet => as_parquet(&rows, "series", std::io::stdout()),
        Target::StandardOutput => as_csv(&rows, "series", &mut std::io::stdout().lock()),
        Target::File(path) => to_file(&rows, "series", path, parquet, force),
        Target::Folder(folder) => {
            std::fs::create_dir_all(folder)
                .map_err(|error| anyhow!("can't make the folder {}: {error}", folder.display()))?;
            let extension = if parquet { "parquet" } else { "csv" };
            for table in TABLES.into_iter().filter(|table| rows.count(table) > 0) {
                to_file(&rows, table, &folder.join(table).with_extension(extension), parquet, force)?;
            }
            Ok(())
        }
    }
}

fn to_file(rows: &Rows<'_>, table: &str, path: &Path, parquet: bool, force: bool) -> anyhow::Result<()> {
    check_free(path, force)?;
    let mut file = NewFile::beside(path)?;
    let named = |error: anyhow::Error| anyhow!("{}: {error}", path.display());
    if parquet {
        as_parquet(rows, table, file.file()?).map_err(named)?;
    } else {
        as_csv(rows, table, &mut file).map_err(named)?;
    }
    file.name(path, force)
}

fn as_csv(rows: &Rows<'_>, table: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut begun = false;
    rows.each(table, &mut |piece: &Table| {
        let written = if begun { csv::write_more(piece, out) } else { csv::write(piece, out) };
        begun = true;
        Ok(written?)
    })
}

fn as_parquet(rows: &Rows<'_>, table: &str, out: impl Write + Send) -> anyhow::Result<()> {
    let mut out = Some(out);
    let mut writer = None;
    rows.each(table, &mut |piece: &Table| {
        if let Some(out) = out.take() {
            writer = Some(TableWriter::new(piece, out)?);
        }
        match &mut writer {
            Some(writer) => Ok(writer.append(piece)?),
            None => Ok(()),
        }
    })?;
    match writer {
        Some(writer) => Ok(writer.finish()?),
        None => Ok(()),
    }
}
