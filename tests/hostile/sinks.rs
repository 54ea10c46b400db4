//! What must hold in each format, said by a parser of that format.

use std::sync::LazyLock;

use chesterton::base::text::Untrusted;
use chesterton::report::Format;
use pulldown_cmark::{Event, Options, Parser, Tag};
use regex_lite::Regex;
use scraper::{Html, Node};

type Checked = Result<(), String>;

/// What stays the same whatever a text says: elements, cells, keys. Texts themselves are not in it.
pub fn shape(format: Format, bytes: &[u8]) -> Result<String, String> {
    #[cfg(feature = "parquet")]
    if format == Format::Parquet {
        return parquet_shape(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    match format {
        Format::Html => Ok(html_shape(text)),
        Format::Markdown => markdown_shape(text),
        // The same text, held by a test of its own.
        Format::Github => Ok(String::new()),
        Format::Latex => latex_shape(text),
        Format::Csv => csv_shape(bytes),
        Format::Json => json_shape(text),
        Format::JsonLines => {
            text.lines().map(json_shape).collect::<Result<Vec<_>, _>>().map(|l| l.join("\n"))
        }
        Format::Junit => xml_shape(text),
        #[allow(unreachable_patterns, reason = "more formats come with features")]
        _ => Ok(String::new()),
    }
}

/// The names of the columns, and in each row which of them hold something; no text in it acts.
#[cfg(feature = "parquet")]
fn parquet_shape(bytes: &[u8]) -> Result<String, String> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    let mut file = tempfile::tempfile().map_err(|e| e.to_string())?;
    std::io::Write::write_all(&mut file, bytes).map_err(|e| e.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(|e| e.to_string())?;
    let mut shape = String::new();
    for row in reader.get_row_iter(None).map_err(|e| e.to_string())? {
        for (name, field) in row.map_err(|e| e.to_string())?.get_column_iter() {
            if let Field::Str(text) = field {
                terminal(text)?;
            }
            shape.push_str(&format!("{name} {} ", matches!(field, Field::Null)));
        }
        shape.push('\n');
    }
    Ok(shape)
}

/// Nothing acts: no control byte but line ends, no direction, nothing unseen, no command of a CI.
pub fn terminal(text: &str) -> Checked {
    if let Some(c) = text.chars().find(|c| acts(*c)) {
        return Err(format!("{c:?} on a terminal"));
    }
    let is_command = |line: &&str| line.trim_start().starts_with("::");
    if let Some(line) = text.lines().find(is_command) {
        return Err(format!("`{line}` is a command of a CI"));
    }
    static MARK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"##[A-Za-z0-9]*\[").unwrap());
    match MARK.find(text) {
        Some(found) => Err(format!("`{}` is a command of a CI", found.as_str())),
        None => Ok(()),
    }
}

fn acts(c: char) -> bool {
    matches!(u32::from(c),
        0..=8 | 0xb..=0x1f | 0x7f..=0x9f | 0xad | 0x200b | 0x200e | 0x200f | 0x202a..=0x202e | 0x2028 | 0x2029
        | 0x2060..=0x2069 | 0x61c | 0xfeff | 0xe0000..=0xe0fff)
}

/// One line, no longer than it may be.
pub fn line(text: &str, width: usize) -> Checked {
    match text.contains(['\n', '\t']) || text.chars().count() > width {
        true => Err(format!("`{text}` is no line of {width}")),
        false => Ok(()),
    }
}

/// Each line is one command of the runner, and its title and message are what stands in it.
pub fn commands(text: &str) -> Checked {
    static COMMAND: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)$").unwrap());
    for line in text.split_terminator('\n') {
        let found = COMMAND.captures(line).ok_or(format!("`{line}` is no annotation"))?;
        terminal(&found[2])?;
        let rest =
            ["%25", "%0A", "%0D", "%3A", "%2C"].iter().fold(line.to_owned(), |l, code| l.replace(code, ""));
        if rest.contains('%') {
            return Err(format!("`{line}` is not escaped"));
        }
    }
    Ok(())
}

/// The elements of a page in order, with the names of their attributes.
pub fn html_shape(page: &str) -> String {
    let page = Html::parse_document(page);
    let mut out = String::new();
    for edge in page.root_element().traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => match node.value() {
                Node::Element(element) => {
                    let names: Vec<&str> = element.attrs().map(|(name, _)| name).collect();
                    out.push_str(&format!("<{} {}", element.name(), names.join(" ")));
                }
                Node::Comment(_) | Node::Doctype(_) | Node::ProcessingInstruction(_) => out.push_str("<!"),
                _ => {}
            },
            ego_tree::iter::Edge::Close(node) if node.value().is_element() => out.push('>'),
            ego_tree::iter::Edge::Close(_) => {}
        }
    }
    out
}

/// As text and as an attribute, the page is the one that it would be with a plain word.
pub fn html(text: &Untrusted) -> Checked {
    let page = |t: &str| {
        format!("<!DOCTYPE html><title>{t}</title><p title=\"{t}\" class='{t}'>{t}<table><tr><td>{t}</table>")
    };
    let shown = text.for_html();
    let (plain, hostile) = (html_shape(&page("x")), html_shape(&page(&shown)));
    if plain != hostile {
        return Err(format!("HTML: {hostile}"));
    }
    let parsed = Html::parse_document(&page(&shown));
    let selector = scraper::Selector::parse("p").unwrap();
    let p = parsed.select(&selector).next().ok_or("no paragraph")?;
    let expected = text.for_terminal();
    match p.attr("title") == Some(expected.as_ref()) && p.attr("class") == Some(expected.as_ref()) {
        true => Ok(()),
        false => Err(format!("HTML shows {:?}", p.attr("title"))),
    }
}

fn markdown_options() -> Options {
    Options::all() - Options::ENABLE_SMART_PUNCTUATION
}

/// The elements of a Markdown text: everything but the words.
pub fn markdown_shape(text: &str) -> Result<String, String> {
    terminal(text)?;
    let mut out = String::new();
    for event in Parser::new_ext(text, markdown_options()) {
        let said = match event {
            // A name is a code span or, where it cannot be one, text; a blank one is nothing.
            Event::Text(_) | Event::Code(_) => continue,
            Event::Html(html) | Event::InlineHtml(html) => return Err(format!("raw HTML: {html}")),
            Event::Start(Tag::Link { dest_url, .. }) => {
                format!("link {}", url(&dest_url).map(|()| "").unwrap_or("bad"))
            }
            other => format!("{other:?}"),
        };
        out.push_str(&said);
        out.push(' ');
    }
    Ok(out)
}

/// In running text, in a cell and in a block it is text, and the text that it was.
pub fn markdown(text: &Untrusted) -> Checked {
    for shown in [text.for_markdown(), text.for_markdown_code()] {
        if shown.contains('\n') {
            return Err(format!("Markdown in lines: {shown}"));
        }
        inline(&format!("before {shown} after"), &["Paragraph"])?;
        inline(&shown, &["Paragraph"])?;
        let table = format!("| a | b |\n| --- | --: |\n| {shown} | 1 |\n| x | y |\n");
        let events: Vec<Event> = Parser::new_ext(&table, markdown_options()).collect();
        let cells = events.iter().filter(|e| matches!(e, Event::Start(Tag::TableCell))).count();
        if cells != 6 {
            return Err(format!("{cells} cells in {table}"));
        }
    }
    let block = format!("before\n\n{}\nafter", text.for_markdown_block());
    let events: Vec<Event> = Parser::new_ext(&block, markdown_options()).collect();
    let starts = events.iter().filter(|e| matches!(e, Event::Start(_))).count();
    let is_fenced = events.iter().filter(|e| matches!(e, Event::Start(Tag::CodeBlock(_)))).count() == 1;
    match starts == 3 && is_fenced {
        true => Ok(()),
        false => Err(format!("a fence breaks: {events:?}")),
    }
}

/// Nothing but text and code in elements of these kinds.
fn inline(source: &str, within: &[&str]) -> Checked {
    for event in Parser::new_ext(source, markdown_options()) {
        match event {
            Event::Text(_) | Event::Code(_) | Event::End(_) => {}
            Event::Start(tag) if within.contains(&format!("{tag:?}").as_str()) => {}
            other => return Err(format!("{other:?} in {source:?}")),
        }
    }
    Ok(())
}

/// Nothing of LaTeX but what the escaper writes.
pub fn latex(text: &str) -> Checked {
    static ALLOWED: LazyLock<Regex> = LazyLock::new(|| Regex::new(&allowed()).unwrap());
    match ALLOWED.is_match(text) && !text.contains("--") {
        true => Ok(()),
        false => Err(format!("LaTeX: {text}")),
    }
}

fn allowed() -> String {
    let commands = "textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar|textasciigrave|textendash|textemdash|ldots";
    format!(
        r#"^(\\({commands})\{{\}}|\{{\\char34\}}|\\[{{}}$&#_%]|\{{[\[\]*-]\}}|\$-\$|[A-Za-z0-9 !'()+,./:;=?@À-ÿ-])*$"#
    )
}

/// Commands and separators in order, without the words between them.
fn latex_shape(text: &str) -> Result<String, String> {
    terminal(text)?;
    let body: Vec<&str> = text.lines().filter(|l| !l.starts_with('%')).collect();
    let opens = body.join("\n").replace("\\{", "").replace("\\}", "");
    if opens.matches('{').count() != opens.matches('}').count() {
        return Err("braces do not match".to_owned());
    }
    let count = |what: &str| text.matches(what).count();
    let cells: Vec<usize> = body.iter().map(|l| l.replace("\\&", "").matches('&').count()).collect();
    Ok(format!("{cells:?} {} {} {}", count("\\\\\n"), count("\\begin{"), count("\\end{")))
}

/// A cell is the cell that it was, and no formula.
pub fn csv_cell(text: &Untrusted) -> Checked {
    let cell = text.for_csv();
    let mut writer =
        csv::WriterBuilder::new().quote_style(csv::QuoteStyle::NonNumeric).from_writer(Vec::new());
    writer.write_record(["a", &cell, "b"]).unwrap();
    let bytes = writer.into_inner().unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    let rows: Vec<csv::StringRecord> =
        reader.records().collect::<Result<_, _>>().map_err(|e| e.to_string())?;
    if rows.len() != 1 || rows[0].iter().collect::<Vec<_>>() != ["a", &cell, "b"] {
        return Err(format!("CSV: {rows:?}"));
    }
    no_formula(&cell)
}

/// As a spreadsheet looks for formulas, blanks and quotes before them left out of account.
fn no_formula(cell: &str) -> Checked {
    let bare = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\u{fffd}');
    let is_number = bare.parse::<f64>().is_ok();
    match !is_number && bare.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n']) {
        true => Err(format!("`{cell}` is a formula")),
        false => terminal(&cell.replace('\n', " ").replace("::", "")),
    }
}

fn csv_shape(bytes: &[u8]) -> Result<String, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let columns = reader.headers().map_err(|e| e.to_string())?.len();
    let mut rows = 0;
    for row in reader.records() {
        let row = row.map_err(|e| e.to_string())?;
        row.iter().try_for_each(no_formula)?;
        rows += 1;
    }
    Ok(format!("{rows} rows of {columns}"))
}

fn json_shape(text: &str) -> Result<String, String> {
    terminal(text)?;
    if text.contains(['<', '>', '&']) {
        return Err("JSON that a page would read".to_owned());
    }
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    Ok(keys(&value))
}

fn keys(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(map) => {
            map.iter().map(|(k, v)| format!("{k}{{{}}}", keys(v))).collect::<Vec<_>>().join(",")
        }
        serde_json::Value::Array(list) => list.iter().map(keys).collect::<Vec<_>>().join(";"),
        serde_json::Value::String(_) => "text".to_owned(),
        other => other.to_string(),
    }
}

/// Well-formed by a strict parser; the elements and the names of their attributes.
fn xml_shape(text: &str) -> Result<String, String> {
    terminal(text)?;
    let document = roxmltree::Document::parse(text).map_err(|e| e.to_string())?;
    let element = |n: roxmltree::Node| {
        let names: Vec<&str> = n.attributes().map(|a| a.name()).collect();
        format!("{}:{}({})", n.ancestors().count(), n.tag_name().name(), names.join(" "))
    };
    let shape: Vec<String> = document.descendants().filter(|n| n.is_element()).map(element).collect();
    Ok(shape.join("\n"))
}

/// As a text and as an attribute the same document, and the text in it.
pub fn xml(text: &Untrusted) -> Checked {
    let mut writer = quick_xml::Writer::new(Vec::new());
    let case = writer.create_element("testcase").with_attribute(("name", text.for_xml().as_str()));
    case.write_text_content(quick_xml::events::BytesText::new(&text.for_xml())).map_err(|e| e.to_string())?;
    let xml = String::from_utf8(writer.into_inner()).map_err(|e| e.to_string())?;
    let document = roxmltree::Document::parse(&xml).map_err(|e| format!("XML: {e}"))?;
    let case = document.descendants().find(|n| n.has_tag_name("testcase")).ok_or("no case")?;
    let name = case.attribute("name").unwrap_or_default();
    // A line end in an attribute is a space to every reader of XML.
    let shown = text.for_terminal().replace(['\n', '\t'], " ");
    match document.descendants().filter(|n| n.is_element()).count() == 1 && name == shown {
        true => Ok(()),
        false => Err(format!("XML: {xml}")),
    }
}

/// An address of the web, and nothing that ends one.
pub fn url(link: &str) -> Checked {
    let lower = link.to_ascii_lowercase();
    let is_web = lower.starts_with("https://") || lower.starts_with("http://");
    match is_web && !link.contains(['<', '>', '"', '\'', ' ', '\n', '(', ')', '{', '}', '\\', '`', '|']) {
        true => Ok(()),
        false => Err(format!("`{link}` is no address")),
    }
}
