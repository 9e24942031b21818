//! The files of the page, inside the binary.

/// A file and its type.
pub(super) struct Asset {
    path: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($path:literal $media_type:ident $file:literal;)+) => {
        const ASSETS: &[Asset] = &[$(Asset {
            path: $path,
            media_type: $media_type,
            bytes: include_bytes!(concat!("page/", $file)),
        }),+];
    };
}

assets! {
    "/" HTML "index.html";
    "/site" HTML "site.html";
    "/bell.svg" SVG "bell.svg";
    "/base.css" CSS "base.css";
    "/layout.css" CSS "layout.css";
    "/pane.css" CSS "pane.css";
    "/refused.css" CSS "refused.css";
    "/site.css" CSS "site.css";
    "/main.js" SCRIPT "main.js";
    "/connection.js" SCRIPT "connection.js";
    "/dom.js" SCRIPT "dom.js";
    "/explain.js" SCRIPT "explain.js";
    "/log.js" SCRIPT "log.js";
    "/notices.js" SCRIPT "notices.js";
    "/origins.js" SCRIPT "origins.js";
    "/pane.js" SCRIPT "pane.js";
    "/publish.js" SCRIPT "publish.js";
    "/refused.js" SCRIPT "refused.js";
    "/server.js" SCRIPT "server.js";
    "/site.js" SCRIPT "site.js";
    "/strip.js" SCRIPT "strip.js";
    "/vendor/socket.io.min.js" SCRIPT "vendor/socket.io.min.js";
}

/// The file at a path.
pub(super) fn at(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, at};

    /// `vendor/README.md` says the same.
    const CLIENT: &str = "d5d79a35039e860b32bdef4795528b05c2f788d4b2d9dacc913120e2878f7b3f";

    #[test]
    fn the_stock_client_is_the_published_file_byte_for_byte() {
        let client = at("/vendor/socket.io.min.js").unwrap();
        let sum = ring::digest::digest(&ring::digest::SHA256, client.bytes);
        let published: Vec<u8> = (0..CLIENT.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&CLIENT[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(sum.as_ref(), published);
        assert!(include_str!("page/vendor/README.md").contains(CLIENT));
    }

    /// Routes have no dot, and what stands between two quoted texts has blanks.
    fn is_file(path: &str) -> bool {
        path.contains('.') && !path.contains(char::is_whitespace)
    }

    #[test]
    fn every_file_that_the_page_asks_for_is_there() {
        for asset in ASSETS {
            let text = String::from_utf8_lossy(asset.bytes);
            if asset.path.contains("vendor") {
                continue;
            }
            let quoted = text
                .split('"')
                .filter_map(|part| match part.strip_prefix("./") {
                    Some(name) => Some(format!("/{name}")),
                    None => part.starts_with('/').then(|| part.to_owned()),
                });
            for path in quoted.filter(|path| is_file(path)) {
                assert!(at(&path).is_some(), "{} asks for {path}", asset.path);
            }
        }
    }

    #[test]
    fn nothing_in_the_page_makes_markup_of_a_text() {
        for asset in ASSETS.iter().filter(|asset| !asset.path.contains("vendor")) {
            let text = String::from_utf8_lossy(asset.bytes);
            for danger in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!text.contains(danger), "{} uses {danger}", asset.path);
            }
        }
    }
}
