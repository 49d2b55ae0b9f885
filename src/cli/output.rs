//! Result files: whole or not at all, and never in place of another file unless that was asked for.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{anyhow, bail};
use tempfile::NamedTempFile;

/// Refuses to overwrite, early, before the work is done.
///
/// # Errors
/// When there is something at `path` that may not be replaced.
pub fn check_free(path: &Path, force: bool) -> anyhow::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(existing) if existing.is_dir() => bail!("{} is a folder; name a file in it", path.display()),
        Ok(_) if !force => bail!("{} exists already; choose another name, or --force to replace it", path.display()),
        _ => Ok(()),
    }
}

/// A file that gets its name once it is whole.
pub struct NewFile {
    file: BufWriter<NamedTempFile>,
}

impl NewFile {
    /// An unnamed file in the folder of `path`.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn beside(path: &Path) -> anyhow::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".vivarium-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Narrowed by the user's mask, as for any new file.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|error| cannot_write(path, &error))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 16, file) })
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// When the disk is full, or something has come to `path` in the meantime that may not be replaced.
    pub fn name(self, path: &Path, force: bool) -> anyhow::Result<()> {
        let file = self.file.into_inner().map_err(|error| cannot_write(path, error.error()))?;
        file.as_file().sync_all().map_err(|error| cannot_write(path, &error))?;
        let named = if force { file.persist(path) } else { file.persist_noclobber(path) };
        named.map_err(|error| cannot_write(path, &error.error))?;
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole result to a file.
///
/// # Errors
/// When that is refused or fails; what was there before is still there.
pub fn write_file(path: &Path, bytes: &[u8], force: bool) -> anyhow::Result<()> {
    check_free(path, force)?;
    let mut file = NewFile::beside(path)?;
    file.write_all(bytes).map_err(|error| cannot_write(path, &error))?;
    file.name(path, force)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> anyhow::Error {
    anyhow!(
        "can't write {}: {error}; check that its folder exists, may be written to and has space left",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_replaced_only_by_force_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        write_file(&path, b"first", false).unwrap();
        assert!(write_file(&path, b"second", false).unwrap_err().to_string().contains("--force"));
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        write_file(&path, b"second", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        drop(NewFile::beside(&path).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("none").join("out.csv");
        assert!(write_file(&nowhere, b"", false).unwrap_err().to_string().contains("folder exists"));
    }
}
