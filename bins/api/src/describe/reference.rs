//! The reference: the description of the API as one page of HTML that needs nothing else.
//!
//! Everything in it comes from the description, and everything is escaped: it holds texts, never markup. Its one script
//! searches in it; without scripts the page is whole, but for the search.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::table::Declared;

mod schema;

/// How it looks.
const STYLE: &str = include_str!("reference/style.css");
/// The search in it.
const SCRIPT: &str = include_str!("reference/search.js");

/// What a content security policy names the page's script by, so that it alone may run.
pub(crate) fn script_source() -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(SCRIPT)))
}

/// The page for this description, with what the routes declare.
///
/// # Errors
/// For a description that is no JSON.
pub(crate) fn page(document: &str, declared: &[Declared]) -> Result<String, serde_json::Error> {
    let document: Value = serde_json::from_str(document)?;
    Ok(Page { document: &document, declared, html: String::new(), schemas: BTreeSet::new() }
        .render())
}

struct Page<'a> {
    document: &'a Value,
    declared: &'a [Declared],
    html: String,
    /// The schemas that something leads to.
    schemas: BTreeSet<String>,
}

/// A method and a path with what is said of them.
struct Operation<'a> {
    method: String,
    path: &'a str,
    value: &'a Value,
}

impl<'a> Page<'a> {
    fn render(mut self) -> String {
        let info = &self.document["info"];
        let title = format!("{} API {}", text(&info["title"]), text(&info["version"]));
        self.put(&format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>{STYLE}</style></head>\
             <body><header><h1>{0}</h1>{1}\
             <p>Every path may have <code>/v1</code> before it, and those about a sector \
             <code>/sectors/{{sector}}</code>. The same as a document for programs: \
             <a href=\"openapi.json\">openapi.json</a>.</p></header>",
            escape(&title),
            prose(text(&info["description"]))
        ));
        let tags: Vec<&Value> = self.document["tags"].as_array().into_iter().flatten().collect();
        self.contents(&tags);
        self.put("<main>");
        for tag in tags {
            let name = text(&tag["name"]);
            self.put(&format!(
                "<section id=\"tag-{0}\"><h2>{0}</h2>{1}",
                escape(name),
                prose(text(&tag["description"]))
            ));
            for operation in self.operations(name) {
                self.operation(&operation);
            }
            self.put("</section>");
        }
        self.put("<section id=\"types\"><h2>types</h2><p>What bodies are made of.</p>");
        let mut shown = BTreeSet::new();
        // Showing one may lead to others.
        while let Some(name) = self.schemas.iter().find(|name| !shown.contains(*name)).cloned() {
            let others = schema::references(self.schema(&name));
            self.schemas.extend(others);
            shown.insert(name);
        }
        for name in &shown {
            let schema = self.schema(name);
            self.put(&format!(
                "<article class=\"type\" id=\"type-{0}\"><h3>{0}</h3>",
                escape(name)
            ));
            self.put(&prose(text(&schema["description"])));
            self.put(&schema::describe(schema));
            self.put("</article>");
        }
        self.put(&format!("</section></main><script>{SCRIPT}</script></body></html>\n"));
        self.html
    }

    fn put(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn schema(&self, name: &str) -> &'a Value {
        &self.document["components"]["schemas"][name]
    }

    /// What a reference to a shared answer leads to, or the answer itself.
    fn target(&self, response: &'a Value) -> &'a Value {
        let pointer = response["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(response)
    }

    /// The operations of a tag, by path.
    fn operations(&self, tag: &str) -> Vec<Operation<'a>> {
        let paths = self.document["paths"].as_object();
        let all = paths.into_iter().flatten().flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, value)| Operation {
                method: method.to_uppercase(),
                path,
                value,
            })
        });
        all.filter(|operation| operation.value["tags"][0] == tag).collect()
    }

    fn contents(&mut self, tags: &[&Value]) {
        self.put("<nav><details open><summary>Contents</summary><ul>");
        for tag in tags {
            let name = text(&tag["name"]);
            self.put(&format!("<li><a class=\"tag\" href=\"#tag-{0}\">{0}</a><ul>", escape(name)));
            for operation in self.operations(name) {
                self.put(&format!(
                    "<li><a href=\"#{}\"><b class=\"{}\">{}</b> {}</a></li>",
                    escape(text(&operation.value["operationId"])),
                    operation.method.to_lowercase(),
                    operation.method,
                    breakable(operation.path)
                ));
            }
            self.put("</ul></li>");
        }
        self.put("<li><a class=\"tag\" href=\"#types\">types</a></li></ul></details></nav>");
    }

    fn operation(&mut self, operation: &Operation<'a>) {
        let Operation { method, path, value } = operation;
        self.put(&format!(
            "<article id=\"{}\"><h3><b class=\"{}\">{method}</b> <code>{}</code></h3><p class=\"summary\">{}</p>",
            escape(text(&value["operationId"])),
            method.to_lowercase(),
            breakable(path),
            inline(text(&value["summary"]))
        ));
        if value["description"] != value["summary"] {
            self.put(&prose(text(&value["description"])));
        }
        if let Some(route) = self
            .declared
            .iter()
            .find(|route| route.path == *path && route.method.as_str() == method)
        {
            let class = format!("{:?}", route.declaration.class).to_lowercase();
            let who = route.declaration.access.words();
            self.put(&format!(
                "<p class=\"who\">For <em>{who}</em>; counted as <em>{}</em>.</p>",
                escape(&class)
            ));
        }
        let parameters: Vec<&Value> =
            value["parameters"].as_array().into_iter().flatten().collect();
        if !parameters.is_empty() {
            self.put("<h4>Parameters</h4><dl>");
            for parameter in parameters {
                let need = if parameter["required"] == true { ", required" } else { "" };
                let example = match &parameter["example"] {
                    Value::Null => String::new(),
                    example => format!(" Such as <code>{}</code>.", escape(&plain(example))),
                };
                self.put(&format!(
                    "<dt><code>{}</code> <small>{}{need}: {}</small></dt><dd>{}{example}</dd>",
                    escape(text(&parameter["name"])),
                    escape(text(&parameter["in"])),
                    schema::kind(&parameter["schema"]),
                    inline(text(&parameter["description"]))
                ));
            }
            self.put("</dl>");
        }
        if let Some(content) = value["requestBody"]["content"].as_object() {
            self.put("<h4>Body</h4>");
            self.content(content);
        }
        self.put("<h4>Answers</h4><dl>");
        for (status, response) in value["responses"].as_object().into_iter().flatten() {
            let response = self.target(response);
            let class = if status.starts_with(['2', '3']) { "good" } else { "bad" };
            self.put(&format!(
                "<dt><b class=\"status {class}\">{}</b></dt><dd>{}",
                escape(status),
                inline(text(&response["description"]))
            ));
            if let Some(content) = response["content"].as_object()
                && class == "good"
            {
                self.content(content);
            }
            self.put("</dd>");
        }
        self.put("</dl></article>");
    }

    /// The type of a body, and an example.
    fn content(&mut self, content: &serde_json::Map<String, Value>) {
        for (media, body) in content {
            self.schemas.extend(schema::references(&body["schema"]));
            let kind = schema::kind(&body["schema"]);
            self.put(&format!("<p class=\"body\">{kind} <small>as {}</small></p>", escape(media)));
            if !body["example"].is_null() {
                let example = serde_json::to_string_pretty(&body["example"]).unwrap_or_default();
                self.put(&format!("<pre>{}</pre>", escape(&example)));
            }
        }
    }
}

/// A text of the description; none is an empty one.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value as one would write it in a URL.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text as HTML.
fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(character),
        }
    }
    html
}

/// A path that may be broken before its slashes, for narrow screens.
fn breakable(path: &str) -> String {
    escape(path).replace('/', "<wbr>/")
}

/// The text as HTML, what stands between backticks as code.
fn inline(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for (index, piece) in text.split('`').enumerate() {
        // Writing into a string cannot fail.
        let _ = if index % 2 == 1 {
            write!(html, "<code>{}</code>", escape(piece))
        } else {
            write!(html, "{}", escape(piece))
        };
    }
    html
}

/// Paragraphs of text.
fn prose(text: &str) -> String {
    text.split("\n\n")
        .filter(|text| !text.trim().is_empty())
        .map(|text| format!("<p>{}</p>", inline(text)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_never_markup() {
        let document = serde_json::json!({
            "info": {"title": "<script>", "version": "1", "description": "a `<b>` & \"c\""},
            "tags": [{"name": "x\"><i>", "description": ""}],
            "paths": {"/<u>": {"get": {"tags": ["x\"><i>"], "operationId": "'o'", "summary": "<s>", "responses": {"<200>": {}}}}},
            "components": {"schemas": {}},
        });
        let page = page(&document.to_string(), &[]).unwrap();
        assert_eq!(page.matches("<script").count(), 1, "ours alone");
        for markup in ["<i>", "<u>", "<s>", "<200>", "id=\"'o'\""] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(page.contains("a <code>&lt;b&gt;</code> &amp; &quot;c&quot;"));
    }

    #[test]
    fn every_operation_and_every_type_is_there_and_every_link_leads_to_one() {
        let declared = crate::declared();
        let page = page(&crate::openapi().unwrap(), &declared).unwrap();
        assert!(declared.len() > 25);
        for route in &declared {
            assert!(
                page.contains(&format!("<code>{}</code>", breakable(&route.path))),
                "{}",
                route.path
            );
        }
        let targets: BTreeSet<&str> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(targets.contains(link), "{link} leads nowhere");
        }
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("src=") && !page.contains("url("));
    }
}
