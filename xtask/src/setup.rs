//! Installs what the outside suites need on a fresh Debian machine, where it is missing.
//!
//! Debian's packages need root; everything else goes into `conformance/`, by lock files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::run::{Outcome, Step, command, root};

/// A program, and the Debian package that brings it.
const PROGRAMS: [(&str, &str); 7] = [
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3"),
    ("chromium", "chromium"),
    ("nginx", "nginx-light"),
    ("redis-server", "redis-server"),
    ("valgrind", "valgrind"),
];

/// Installs Debian packages for the programs that are missing.
pub(crate) fn programs(wanted: &[&str]) -> Outcome {
    let is_missing =
        |(program, _): &&(&str, &str)| wanted.contains(program) && find(program).is_none();
    let packages: Vec<&str> = PROGRAMS
        .iter()
        .filter(is_missing)
        .map(|(_, package)| *package)
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    apt(&packages)
}

/// Makes `conformance/node_modules` what the lock file says.
pub(crate) fn node_modules() -> Outcome {
    npm(&conformance())
}

/// Makes `node_modules` of a folder what its lock file says.
pub(crate) fn npm(folder: &Path) -> Outcome {
    programs(&["node", "npm"])?;
    let lock = folder.join("package-lock.json");
    when_changed(&lock, &folder.join("node_modules/.installed-lock"), || {
        let mut npm = command("npm", &["ci", "--no-audit", "--no-fund"]);
        Step::new("npm ci").must(npm.current_dir(folder))
    })
}

/// Makes `conformance/.venv` what the requirements say, and returns its folder of programs.
pub(crate) fn python() -> Outcome<PathBuf> {
    let requirements = conformance().join("python/requirements.txt");
    venv(&conformance().join(".venv"), &requirements)
}

/// Makes `conformance/.venv-flask` what the requirements of the Flask application say.
pub(crate) fn flask() -> Outcome<PathBuf> {
    let requirements = conformance().join("flask/requirements.txt");
    venv(&conformance().join(".venv-flask"), &requirements)
}

/// Makes a virtual environment what these requirements say, and returns its folder of programs.
pub(crate) fn venv(venv: &Path, requirements: &Path) -> Outcome<PathBuf> {
    programs(&["python3"])?;
    let bin = venv.join("bin");
    when_changed(requirements, &venv.join("installed-requirements"), || {
        let path = venv.display().to_string();
        let mut create = command("python3", &["-m", "venv", "--clear", &path]);
        if Step::new("python venv").must(&mut create).is_err() {
            // Debian keeps the module's second half in a package of its own.
            apt(&["python3-venv"])?;
            Step::new("python venv").must(&mut create)?;
        }
        let wanted = requirements.display().to_string();
        let mut install = command(
            bin.join("pip"),
            &["install", "--quiet", "--no-deps", "-r", &wanted],
        );
        Step::new("pip install").must(&mut install)
    })?;
    Ok(bin)
}

/// The folder of the outside tests.
pub(crate) fn conformance() -> PathBuf {
    root().join("conformance")
}

fn apt(packages: &[&str]) -> Outcome {
    let mut update = command("apt-get", &["update"]);
    Step::new("apt-get update").must(&mut update)?;
    let mut install = command("apt-get", &["install", "-y", "--no-install-recommends"]);
    install
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    Step::new(&format!("apt-get install {}", packages.join(" "))).must(&mut install)
}

/// The path of a program, looked for as a shell does, and in root's own folders.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/bin")]);
    folders.map(|folder| folder.join(program)).find(|file| {
        file.is_file()
            && command(file, &["--version"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok()
    })
}

/// Does the work unless `mark` is a copy of `source`, and makes it one.
fn when_changed(source: &Path, mark: &Path, work: impl FnOnce() -> Outcome) -> Outcome {
    let wanted = fs::read(source).map_err(|error| format!("{}: {error}", source.display()))?;
    if fs::read(mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    work()?;
    fs::write(mark, wanted).map_err(|error| format!("{}: {error}", mark.display()))
}
