//! The documentation of a code: what its row says to somebody who met it.

use crate::table::Code;

impl Code {
    /// What is worth knowing of the code, each with what it is called, in the order in which it is told.
    /// `{fields}` stand for the values of a refusal.
    pub fn facts(self) -> Vec<(&'static str, String)> {
        let row = self.row();
        let facts = [
            ("Cause", row.cause.to_owned()),
            ("What to change", row.fix.replace("{aside}", "")),
            ("Category", row.category.name().to_owned()),
            ("Trying again", row.retry.name().to_owned()),
            ("HTTP status", row.status.to_string()),
            ("WebSocket close code", row.close.to_string()),
            ("What people read", row.user_text.to_owned()),
        ];
        facts
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }

    /// The page of the code as Markdown.
    pub fn markdown(self) -> String {
        let mut page = format!("# `{}`\n\n{}\n", self.name(), self.row().about.trim());
        for (name, text) in self.facts() {
            page.extend(["\n**", name, "**: ", &text, "\n"]);
        }
        page
    }

    /// The index of all pages as Markdown, by category.
    pub fn catalogue() -> String {
        let mut page = "# Refusals and reasons for an end\n\nEach has one code, which HTTP bodies, \
            `CONNECT_ERROR`, close reasons, the log and the counters of `/metrics` share. A running server \
            has these pages under `/bellgate/errors/CODE`.\n"
            .to_owned();
        let mut categories: Vec<&str> = Vec::new();
        for code in Self::ALL {
            let category = code.row().category.name();
            if !categories.contains(&category) {
                categories.push(category);
            }
        }
        for category in categories {
            let head = "\n| code | cause | trying again |\n|---|---|---|\n";
            page.extend(["\n## ", category, head]);
            let of_category = |code: &&Self| code.row().category.name() == category;
            for code in Self::ALL.iter().filter(of_category) {
                let (name, row) = (code.name(), code.row());
                let (cause, retry) = (row.cause.replace('|', "\\|"), row.retry.name());
                page.extend([
                    "| [`", name, "`](", name, ".md) | ", &cause, " | ", retry, " |\n",
                ]);
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use crate::table::Code;

    #[test]
    fn the_catalogue_leads_to_every_page_once() {
        let index = Code::catalogue();
        for code in Code::ALL {
            let link = format!("]({}.md)", code.name());
            assert_eq!(index.matches(&link).count(), 1, "{link}");
        }
    }

    #[test]
    fn a_page_tells_what_to_change() {
        let page = Code::OriginPortMismatch.markdown();
        assert!(page.starts_with("# `origin_port_mismatch`\n"), "{page}");
        assert!(page.contains("\n**What to change**: "), "{page}");
    }
}
