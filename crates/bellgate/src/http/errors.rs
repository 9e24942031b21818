//! `/errors/CODE`: what a code means, for the person who met it.

use axum::extract::{Extension, Path};
use axum::response::{Html, IntoResponse as _, Response};
use bellgate_codes::{Code, Refusal};
use bellgate_transport::Judged;

use super::reply::Problem;

/// The page of a code, made from its row of the table.
pub(crate) async fn page(
    Path(name): Path<String>,
    judged: Option<Extension<Judged>>,
) -> Result<Response, Problem> {
    let Some(code) = Code::ALL.iter().find(|code| code.name() == name) else {
        let path = format!("/errors/{}", name.chars().take(64).collect::<String>());
        return Err(Problem::new(Refusal::NotFound { path }, judged.as_deref()));
    };
    let mut rows = String::new();
    for (name, text) in code.facts() {
        rows.extend(["<dt>", name, "</dt><dd>", &escape(&text), "</dd>"]);
    }
    let (name, about) = (code.name(), escape(code.row().about.trim()));
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{name} – Bellgate</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;\
         padding:0 1rem}}code{{background:#8882;padding:.1em .3em;border-radius:.2em}}dt{{font-weight:600;margin-top:1rem}}\
         :root{{color-scheme:light dark}}</style><main><h1><code>{name}</code></h1><p>{about}</p><dl>{rows}</dl></main></html>"
    ))
    .into_response())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_of_the_table_cannot_become_markup() {
        assert_eq!(super::escape("<a & b>"), "&lt;a &amp; b&gt;");
    }
}
