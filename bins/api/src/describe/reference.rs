//! The API reference: the OpenAPI document as a self-contained HTML page.
//!
//! All texts come from the document and are escaped. The only script is the search; the rest of the
//! page works without scripts.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::table::Declared;

mod schema;

/// Style of the page.
const STYLE: &str = include_str!("reference/style.css");
/// Search script of the page.
const SCRIPT: &str = include_str!("reference/search.js");

/// Source of the page's script in a content security policy, which allows only this script.
pub(crate) fn script_source() -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(SCRIPT)))
}

/// The page for this document and these declarations.
///
/// # Errors
/// If the document is invalid JSON.
pub(crate) fn page(document: &str, declared: &[Declared]) -> Result<String, serde_json::Error> {
    let document: Value = serde_json::from_str(document)?;
    Page { document: &document, declared, html: String::new(), schemas: BTreeSet::new() }.render()
}

struct Page<'a> {
    document: &'a Value,
    declared: &'a [Declared],
    html: String,
    /// Names of schemas that the page refers to.
    schemas: BTreeSet<String>,
}

/// An operation of the document.
struct Operation<'a> {
    method: String,
    path: &'a str,
    value: &'a Value,
}

impl<'a> Page<'a> {
    fn render(mut self) -> Result<String, serde_json::Error> {
        let info = &self.document["info"];
        let title = format!("{} API {}", text(&info["title"]), text(&info["version"]));
        self.put(&format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>{STYLE}</style></head>\
             <body><header><h1>{0}</h1>{1}\
             <p>Every path may have the prefix <code>/v1</code>, and paths about a sector the prefix \
             <code>/sectors/{{sector}}</code>. For programs: \
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
                self.operation(&operation)?;
            }
            self.put("</section>");
        }
        self.put(
            "<section id=\"types\"><h2>types</h2><p>Types of request and response bodies.</p>",
        );
        let mut shown = BTreeSet::new();
        // Each type may refer to others.
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
        Ok(self.html)
    }

    fn put(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn schema(&self, name: &str) -> &'a Value {
        &self.document["components"]["schemas"][name]
    }

    /// Resolves a reference to a shared response.
    fn target(&self, response: &'a Value) -> &'a Value {
        let pointer = response["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(response)
    }

    /// Operations with a tag, ordered by path.
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

    fn operation(&mut self, operation: &Operation<'a>) -> Result<(), serde_json::Error> {
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
                "<p class=\"who\">Access: <em>{who}</em>. Quota: <em>{}</em>.</p>",
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
                    example => format!(" Example: <code>{}</code>.", escape(&plain(example))),
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
            self.content(content)?;
        }
        self.put("<h4>Responses</h4><dl>");
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
                self.content(content)?;
            }
            self.put("</dd>");
        }
        self.put("</dl></article>");
        Ok(())
    }

    /// Writes the type of a body, and its example.
    fn content(
        &mut self,
        content: &serde_json::Map<String, Value>,
    ) -> Result<(), serde_json::Error> {
        for (media, body) in content {
            self.schemas.extend(schema::references(&body["schema"]));
            let kind = schema::kind(&body["schema"]);
            self.put(&format!("<p class=\"body\">{kind} <small>as {}</small></p>", escape(media)));
            if !body["example"].is_null() {
                let example = serde_json::to_string_pretty(&body["example"])?;
                self.put(&format!("<pre>{}</pre>", escape(&example)));
            }
        }
        Ok(())
    }
}

/// A text of the document; empty if absent.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value as written in a URL.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Escapes text for HTML.
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

/// A path with line break opportunities before its slashes, for narrow screens.
fn breakable(path: &str) -> String {
    escape(path).replace('/', "<wbr>/")
}

/// Text as HTML, with text in backticks as code.
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

/// Text as HTML paragraphs.
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
    fn texts_are_escaped() {
        let document = serde_json::json!({
            "info": {"title": "<script>", "version": "1", "description": "a `<b>` & \"c\""},
            "tags": [{"name": "x\"><i>", "description": ""}],
            "paths": {"/<u>": {"get": {"tags": ["x\"><i>"], "operationId": "'o'", "summary": "<s>", "responses": {"<200>": {}}}}},
            "components": {"schemas": {}},
        });
        let page = page(&document.to_string(), &[]).unwrap();
        assert_eq!(page.matches("<script").count(), 1, "only the search");
        for markup in ["<i>", "<u>", "<s>", "<200>", "id=\"'o'\""] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(page.contains("a <code>&lt;b&gt;</code> &amp; &quot;c&quot;"));
    }

    #[test]
    fn all_operations_are_listed_and_all_links_resolve() {
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
            assert!(targets.contains(link), "dead link {link}");
        }
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("src=") && !page.contains("url("));
    }
}
