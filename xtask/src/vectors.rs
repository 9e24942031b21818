//! `cargo xtask vectors [DIR]`: cases that were proven with the real Python packages, judged with the
//! gate's own functions. One module for each file; each tells what a case is and what it permits.
//!
//! Time is the case's own. A `gateway` text of a case permits a gateway to do something else than Flask;
//! what only such a text allows is counted apart. Start with [`JUDGES`].

mod cookie_header;
mod flask_jwt_extended;
mod flask_login;
mod flask_session_redis;
mod flask_wtf_csrf;
mod marks;
mod rate_limits;
mod session_cookie;
mod tally;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

pub use tally::{Outcome, Tally};

/// Judges all cases of a file; `Err` when the file has not the shape that its name promises.
pub type Judge = fn(&Value) -> Result<Tally, String>;

/// The files that are judged, by name without `.json`.
pub const JUDGES: &[(&str, Judge)] = &[
    ("cookie_header", cookie_header::judge),
    ("flask_jwt_extended", flask_jwt_extended::judge),
    ("flask_login", flask_login::judge),
    ("flask_session_redis", flask_session_redis::judge),
    ("flask_wtf_csrf", flask_wtf_csrf::judge),
    ("rate_limits", rate_limits::judge),
    ("session_cookie", session_cookie::judge),
];

/// The project's own copies of the files.
pub fn copies() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).join("tests/vectors")
}

/// Judges each file of a folder and prints a line for it; `Err` when a case failed.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let folder = arguments.first().map_or_else(copies, PathBuf::from);
    let mut failed = 0;
    for path in files(&folder)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        match judge_file(&path) {
            None => println!("{name}: not judged"),
            Some(tally) => {
                let tally = tally.map_err(|error| format!("{name}: {error}"))?;
                failed += tally.failed.len();
                println!("{name}: {tally}");
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} cases failed")),
    }
}

/// What became of a file's cases; none where no judge knows a file of this name.
pub fn judge_file(path: &Path) -> Option<Result<Tally, String>> {
    let name = path.file_stem()?.to_str()?;
    let (_, judge) = JUDGES.iter().find(|(own, _)| *own == name)?;
    let read = || {
        let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        judge(&serde_json::from_slice(&text).map_err(|error| error.to_string())?)
    };
    Some(read())
}

/// The JSON files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    Ok(files)
}

/// A list of cases of a file.
fn list<'a>(file: &'a Value, name: &str) -> Result<&'a [Value], String> {
    let list = file.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice)
        .ok_or_else(|| format!("there is no list `{name}`"))
}

/// The id of a case; of one without, how it begins.
fn id(case: &Value) -> String {
    text(case, "id").map_or_else(
        || case.to_string().chars().take(80).collect(),
        str::to_owned,
    )
}

/// A text of a case; none where it is missing or null.
fn text<'a>(case: &'a Value, name: &str) -> Option<&'a str> {
    case.get(name).and_then(Value::as_str)
}

/// A part of a case that must be there.
fn field<'a>(case: &'a Value, name: &str) -> Result<&'a Value, String> {
    case.get(name)
        .ok_or_else(|| format!("{}: there is no `{name}`", id(case)))
}

/// A number of a case, in whole seconds.
fn number(case: &Value, name: &str) -> Result<u64, String> {
    let number = case.get(name).and_then(Value::as_u64);
    number.ok_or_else(|| format!("{}: there is no number `{name}`", id(case)))
}

/// A secret of a case: a text, or bytes in base64 at the name with `_b64`.
fn secret(case: &Value, name: &str) -> Result<Option<Vec<u8>>, String> {
    if let Some(secret) = text(case, name) {
        return Ok(Some(secret.as_bytes().to_vec()));
    }
    let encoded = text(case, &format!("{name}_b64"));
    let decoded = encoded.map(|encoded| STANDARD.decode(encoded)).transpose();
    decoded.map_err(|error| format!("{}: {error}", id(case)))
}
