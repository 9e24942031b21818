//! `cargo xtask gen`: the files that `bellgate` itself prints, and the pages of the codes.

use std::fs;
use std::process::Stdio;

use bellgate_codes::Code;

use crate::run::{Outcome, cargo, root};

/// Each generated file, and the arguments with which `bellgate` prints it.
const GENERATED: [(&str, &[&str]); 2] = [
    ("docs/settings.md", &["config", "--docs"]),
    (".env.example", &["config", "--env-example"]),
];

/// Where each code has its page.
const PAGES: &str = "docs/errors";

/// Writes the generated files; with `--check` tells which are stale instead.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let is_check = arguments.iter().any(|argument| argument == "--check");
    let mut stale = gone()?;
    if !is_check {
        for path in stale.drain(..) {
            fs::remove_file(root().join(&path)).map_err(|error| format!("{path}: {error}"))?;
            println!("{path} removed");
        }
    }
    for (path, fresh) in files()? {
        let file = root().join(&path);
        if fs::read(&file).is_ok_and(|written| written == fresh) {
            continue;
        }
        if is_check {
            stale.push(path);
        } else {
            let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
            folder
                .and_then(|()| fs::write(&file, fresh))
                .map_err(|error| format!("{path}: {error}"))?;
            println!("{path} written");
        }
    }
    if stale.is_empty() {
        println!("generated files are fresh");
        Ok(())
    } else {
        Err(format!(
            "stale, run `cargo xtask gen`: {}",
            stale.join(", ")
        ))
    }
}

/// Each generated file, and what stands in it.
fn files() -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for (path, print) in GENERATED {
        files.push((path.to_owned(), printed(print)?));
    }
    let page = |name: &str, text: String| (format!("{PAGES}/{name}.md"), text.into_bytes());
    files.push(page("README", Code::catalogue()));
    let pages = Code::ALL.iter();
    files.extend(pages.map(|code| page(code.name(), code.markdown())));
    Ok(files)
}

/// Pages of codes that are none any more.
fn gone() -> Outcome<Vec<String>> {
    let folder = root().join(PAGES);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| format!("{PAGES}: {error}"))?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.to_owned()));
    let is_known = |name: &str| {
        let stem = name.strip_suffix(".md").unwrap_or(name);
        stem == "README" || Code::ALL.iter().any(|code| code.name() == stem)
    };
    let gone = names.filter(|name| !is_known(name));
    Ok(gone.map(|name| format!("{PAGES}/{name}")).collect())
}

/// What `bellgate` prints for these arguments, built as the tests are.
fn printed(arguments: &[&str]) -> Outcome<Vec<u8>> {
    let output = cargo(&["run", "--quiet", "-p", "bellgate", "--"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if output.status.success() && !output.stdout.is_empty() {
        Ok(output.stdout)
    } else {
        Err(format!("bellgate {} failed", arguments.join(" ")))
    }
}
