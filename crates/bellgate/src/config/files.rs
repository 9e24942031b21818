//! The one reader of the files that hold settings. What stands in them is read elsewhere.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::report::Fatal;

/// The file that the application has too, in the working directory.
pub const DOTENV: &str = ".env";
/// The file of Bellgate's own, in the working directory.
pub const TOML: &str = "bellgate.toml";
/// Largest file of settings, bytes.
pub const FILE_BYTES: u64 = 1024 * 1024;

/// The texts of the files: name and text of each that is there.
#[derive(Debug, Clone, Default)]
pub struct Files {
    pub(super) dotenv: Option<(String, String)>,
    pub(super) toml: Option<(String, String)>,
    /// Files that are there and cannot be read. Going on with the defaults in their place could
    /// open what they close, so each one stops the start.
    pub(super) faults: Vec<Fatal>,
}

impl Files {
    /// Reads `.env` and `bellgate.toml` in `folder`, or `config` in place of the latter. A file
    /// that was named has to be there.
    pub fn read(folder: &Path, config: Option<&Path>) -> Self {
        let mut files = Self::default();
        // Some keep a Python environment in a folder of that name; Flask passes over it too.
        let dotenv = folder.join(DOTENV);
        if !dotenv.is_dir() {
            files.dotenv = files.kept(DOTENV, &dotenv, false);
        }
        files.toml = match config {
            Some(path) => files.kept(&path.display().to_string(), path, true),
            None => files.kept(TOML, &folder.join(TOML), false),
        };
        files
    }

    /// The names of the files that are there.
    pub fn names(&self) -> Vec<String> {
        let files = self.dotenv.iter().chain(&self.toml);
        files.map(|(name, _)| name.clone()).collect()
    }

    fn kept(&mut self, name: &str, path: &Path, is_needed: bool) -> Option<(String, String)> {
        match read(path) {
            Ok(text) => return Some((name.to_owned(), text)),
            Err(Unread::Io(error)) if !is_needed && error.kind() == io::ErrorKind::NotFound => {}
            Err(why) => self.faults.push(Fatal::File {
                file: name.to_owned(),
                reason: match why {
                    Unread::Io(error) => error.to_string(),
                    Unread::Text(reason) => reason,
                },
            }),
        }
        None
    }
}

enum Unread {
    Io(io::Error),
    Text(String),
}

fn read(path: &Path) -> Result<String, Unread> {
    let file = File::open(path).map_err(Unread::Io)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(Unread::Io)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(Unread::Text("it is larger than 1 MiB".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let place = position(&String::from_utf8_lossy(before), valid);
        Unread::Text(format!("{place}: it is no UTF-8"))
    })
}

/// Where the byte `offset` of a text stands, for people: both numbers from 1, columns in
/// characters.
pub(super) fn position(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    format!("line {line}, column {}", last.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Loaded, Settings, Sources};

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn load(folder: &tempfile::TempDir, config: Option<&str>) -> Loaded {
        let config = config.map(|name| folder.path().join(name));
        let files = Files::read(folder.path(), config.as_deref());
        Settings::load(&Sources::new().with_files(files))
    }

    fn fault(files: &[(&str, &[u8])]) -> String {
        let loaded = load(&folder(files), None);
        assert!(loaded.must_stop(false));
        loaded.fatal[0].to_string()
    }

    #[test]
    fn both_files_are_read_where_they_are() {
        let folder = folder(&[
            (".env", b"SOCKETIO_PORT=6001\n"),
            ("bellgate.toml", b"port = 6002\nflask_port = 7002\n"),
            ("other.toml", b"flask_port = 7003\n"),
        ]);
        let loaded = load(&folder, None);
        assert_eq!(loaded.settings.listen.public.to_string(), "127.0.0.1:6001");
        assert_eq!(loaded.settings.app.flask_port, 7002);
        let named = load(&folder, Some("other.toml"));
        assert_eq!(named.settings.app.flask_port, 7003);
        assert_eq!(named.settings.listen.public.to_string(), "127.0.0.1:6001");
    }

    #[test]
    fn a_file_that_is_not_there_is_a_fault_only_where_it_was_named() {
        let empty = folder(&[]);
        assert_eq!(load(&empty, None).fatal, []);
        let fault = load(&empty, Some("missing.toml")).fatal[0].to_string();
        assert!(
            fault.contains("missing.toml cannot be read: No such file"),
            "{fault}"
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_stops_the_start_with_the_place() {
        assert_eq!(
            fault(&[(".env", b"A=1\nB=\xc3\xa9\xff\n")]),
            ".env cannot be read: line 2, column 4: it is no UTF-8"
        );
        let large = vec![b'#'; 1024 * 1024 + 1];
        assert_eq!(
            fault(&[("bellgate.toml", &large)]),
            "bellgate.toml cannot be read: it is larger than 1 MiB"
        );
    }

    #[test]
    fn a_folder_called_env_is_passed_over_and_one_for_the_toml_is_not() {
        let folder = folder(&[]);
        std::fs::create_dir(folder.path().join(".env")).unwrap();
        assert_eq!(load(&folder, None).fatal, []);
        std::fs::create_dir(folder.path().join("bellgate.toml")).unwrap();
        assert_eq!(load(&folder, None).fatal.len(), 1);
    }
}
