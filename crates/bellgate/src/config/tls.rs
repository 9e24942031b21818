//! Are the TLS files there, and do they hold what they should? Going on without them would mean
//! plain HTTP where HTTPS was asked for, so each fault stops the start.

use std::path::Path;

use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::load::Effective;
use super::report::Fatal;
use super::value::Value;

const CERT: &str = "SOCKETIO_TLS_CERT";
const KEY: &str = "SOCKETIO_TLS_KEY";

/// What is wrong with the two files.
pub(super) fn faults(effective: &[Effective]) -> Vec<Fatal> {
    let path = |name| {
        effective
            .iter()
            .find_map(|row| match (&row.value, row.setting.name) {
                (Value::File(path), found) if found == name => Some(path.as_path()),
                _ => None,
            })
    };
    match (path(CERT), path(KEY)) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Fatal::TlsIncomplete {
            set: CERT,
            missing: KEY,
        }],
        (None, Some(_)) => vec![Fatal::TlsIncomplete {
            set: KEY,
            missing: CERT,
        }],
        (Some(cert), Some(key)) => [
            certificate(cert)
                .err()
                .map(|reason| fault(CERT, cert, reason)),
            private_key(key).err().map(|reason| fault(KEY, key, reason)),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

fn fault(name: &'static str, path: &Path, reason: String) -> Fatal {
    Fatal::TlsFile {
        name,
        path: path.display().to_string(),
        reason,
    }
}

fn certificate(path: &Path) -> Result<(), String> {
    CertificateDer::from_pem_file(path)
        .map(drop)
        .map_err(|error| reason(&error, "certificate"))
}

fn private_key(path: &Path) -> Result<(), String> {
    PrivateKeyDer::from_pem_file(path)
        .map(drop)
        .map_err(|error| reason(&error, "private key"))
}

/// The library's own words could quote the file.
fn reason(error: &Error, wanted: &str) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        Error::NoItemsFound => format!("it holds no {wanted} in PEM"),
        _ => "it is no valid PEM".to_owned(),
    }
}
