//! Tables as files: each gets its name once all are whole.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{anyhow, bail};

use super::Target;
use super::rows::{Rows, TABLES};
use crate::cli::output::{NewFile, check_free};
use crate::cli::usage;
use crate::export::parquet::TableWriter;
use crate::export::table::Table;
use crate::export::{ExportError, csv};
use crate::source::StopSignal;
use crate::store::recording::Recording;

/// Writes the series to a file or to standard output, or all tables that have rows into a folder.
///
/// # Errors
/// When a file is in the way, can't be written, or the user has interrupted; then no file has been touched.
pub fn write(
    recording: &Recording,
    target: Target<'_>,
    is_parquet: bool,
    force: bool,
    stop: &StopSignal,
) -> anyhow::Result<()> {
    let rows = Rows::new(recording, stop)?;
    match target {
        Target::StandardOutput if is_parquet && std::io::stdout().is_terminal() => {
            Err(usage("Parquet is nothing for a terminal; name a file"))
        }
        Target::StandardOutput => write_table(&rows, "series", is_parquet, std::io::stdout()),
        Target::File(path) => {
            if rows.count("series") == 0 {
                bail!("this recording has no series; convert it into a folder (OUT/) to get its other tables");
            }
            let mut file = NewFile::beside(path)?;
            write_table(&rows, "series", is_parquet, &mut file)?;
            file.name(path, force)
        }
        Target::Folder(folder) => {
            let extension = if is_parquet { "parquet" } else { "csv" };
            let tables: Vec<(&str, PathBuf)> = TABLES
                .into_iter()
                .filter(|table| rows.count(table) > 0)
                .map(|table| (table, folder.join(table).with_extension(extension)))
                .collect();
            if tables.is_empty() {
                bail!("this recording is empty, so there is no table to write");
            }
            for (_, path) in &tables {
                check_free(path, force)?;
            }
            let is_new = !folder.exists();
            std::fs::create_dir_all(folder).map_err(|error| {
                anyhow!("can't make the folder {}: {error}; check its place and permissions", folder.display())
            })?;
            let written = write_folder(&rows, &tables, is_parquet, force);
            if written.is_err() && is_new {
                // It is empty, unless somebody has put something there meanwhile: then it stays.
                let _ = std::fs::remove_dir(folder);
            }
            written
        }
    }
}

fn write_folder(rows: &Rows<'_>, tables: &[(&str, PathBuf)], is_parquet: bool, force: bool) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for (table, path) in tables {
        let mut file = NewFile::beside(path)?;
        write_table(rows, table, is_parquet, &mut file)?;
        files.push((file, path));
    }
    files.into_iter().try_for_each(|(file, path)| file.name(path, force))
}

fn write_table(rows: &Rows<'_>, table: &str, is_parquet: bool, out: impl Write + Send) -> anyhow::Result<()> {
    if is_parquet { write_parquet(rows, table, out) } else { write_csv(rows, table, out) }
}

fn write_csv(rows: &Rows<'_>, table: &str, mut out: impl Write) -> anyhow::Result<()> {
    let mut begun = false;
    rows.each(table, &mut |piece| {
        let write = if begun { csv::write_more } else { csv::write };
        begun = true;
        Ok(write(piece, &mut out)?)
    })?;
    out.flush().map_err(|source| ExportError::Io { table: table.to_owned(), source })?;
    Ok(())
}

fn write_parquet(rows: &Rows<'_>, table: &str, out: impl Write + Send) -> anyhow::Result<()> {
    let mut out = Some(out);
    let mut writer = None;
    rows.each(table, &mut |piece: &Table| {
        if let Some(out) = out.take() {
            writer = Some(TableWriter::new(piece, out)?);
        }
        writer.as_mut().map_or(Ok(()), |writer| Ok(writer.append(piece)?))
    })?;
    writer.map_or(Ok(()), |writer| Ok(writer.finish()?))
}
