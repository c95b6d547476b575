//! The pictures of `docs/tour.md` are what the program shows: `BLESS=1 cargo test --test it pictures` draws those again
//! that are stale.
//!
//! Each is drawn from a pseudo-terminal over the sandbox. The clock is the real one, so times differ from one drawing to
//! the next: [`content`] leaves out what depends on them, and a picture is stale where the rest differs.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::harness::{Bpctl, Home, bare};
use crate::screen::{Style, Symbol};
use crate::terminal::Terminal;

/// Columns of the terminals: no list of the sandbox is shortened.
const COLUMNS: usize = 112;
/// The size of a symbol, in the unit of the picture. A monospaced font is 0.6 of its size wide.
const SIZE: [f64; 2] = [8.4, 19.0];
const FONT_SIZE: f64 = 14.0;
const MARGIN: f64 = 16.0;
/// No picture is larger than this, in bytes.
const MAX_SIZE: usize = 40_000;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// A session at a terminal: lines that were typed, and what they showed.
struct Session {
    home: Home,
    lines: Vec<Vec<Symbol>>,
}

impl Session {
    fn new() -> Self {
        Self { home: Home::new(), lines: Vec::new() }
    }

    fn bpctl(&self, args: &[&str]) -> Bpctl {
        bare(args).env("LANG", "C.UTF-8").home(&self.home)
    }

    /// Runs a command to its end; `drive` answers what it asks.
    fn run(mut self, args: &[&str], drive: impl FnOnce(&Terminal)) -> Self {
        self.type_line(args);
        let terminal = Terminal::run_in(COLUMNS, &self.bpctl(args));
        drive(&terminal);
        self.show(terminal.ends().symbols);
        self
    }

    /// Runs a command until `drive` has it where it shows what the picture is about.
    fn look(mut self, args: &[&str], drive: impl FnOnce(&Terminal)) -> Self {
        self.type_line(args);
        let terminal = Terminal::run_in(COLUMNS, &self.bpctl(args));
        drive(&terminal);
        self.show(terminal.symbols());
        self
    }

    fn type_line(&mut self, args: &[&str]) {
        if !self.lines.is_empty() {
            self.lines.push(Vec::new());
        }
        let words: Vec<String> = args.iter().map(|arg| quoted(arg)).collect();
        let line = format!("$ bpctl {}", words.join(" "));
        let style = Style { is_bold: true, color: None };
        self.lines.push(line.chars().map(|symbol| (symbol, style)).collect());
    }

    fn show(&mut self, mut lines: Vec<Vec<Symbol>>) {
        let is_blank = |line: &Vec<Symbol>| line.iter().all(|(symbol, _)| *symbol == ' ');
        while lines.last().is_some_and(is_blank) {
            lines.pop();
        }
        self.lines.extend(lines);
    }

    fn draw(self, title: &str) -> String {
        draw(title, &self.lines)
    }
}

fn quoted(word: &str) -> String {
    if word.contains(' ') { format!("'{word}'") } else { word.to_owned() }
}

/// Draws a terminal: dark on any page, each text where its column is, whatever the font.
fn draw(title: &str, lines: &[Vec<Symbol>]) -> String {
    let rows = lines.len() as f64;
    let (width, height) = (2.0 * MARGIN + SIZE[0] * COLUMNS as f64, 2.0 * MARGIN + SIZE[1] * rows);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\">\n\
         <title>{}</title>\n\
         <style>text{{font:{FONT_SIZE}px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#d5dbe3;white-space:pre}}\
         .b{{font-weight:700}}.c31{{fill:#ff7b72}}.c32{{fill:#56d364}}.c33{{fill:#e3b341}}.c36{{fill:#56d4dd}}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#161b22\" stroke=\"#57606a\"/>\n",
        escaped(title),
    );
    for (row, line) in lines.iter().enumerate() {
        let y = MARGIN + SIZE[1] * (row as f64 + 0.75);
        for run in runs(line) {
            let x = MARGIN + SIZE[0] * run.column as f64;
            let length = SIZE[0] * run.columns as f64;
            let class = run.class();
            let text = escaped(&run.text);
            writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\"{class}>{text}</text>").unwrap();
        }
    }
    svg + "</svg>\n"
}

/// A text of one style without wide gaps.
struct Run {
    text: String,
    style: Style,
    column: usize,
    columns: usize,
}

impl Run {
    fn class(&self) -> String {
        let bold = self.style.is_bold.then(|| "b".to_owned());
        let classes: Vec<String> = bold.into_iter().chain(self.style.color.map(|color| format!("c{color}"))).collect();
        if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) }
    }
}

fn runs(line: &[Symbol]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (column, (symbol, style)) in line.iter().enumerate().filter(|(_, (symbol, _))| *symbol != ' ') {
        let is_near = |run: &&mut Run| run.style == *style && column - run.column - run.columns < 2;
        match runs.last_mut().filter(is_near) {
            Some(run) => {
                run.text.extend(std::iter::repeat_n(' ', column - run.column - run.columns));
                run.text.extend(Some(*symbol).filter(|symbol| *symbol != '\0'));
                run.columns = column + 1 - run.column;
            }
            None => runs.push(Run { text: symbol.to_string(), style: *style, column, columns: 1 }),
        }
    }
    runs
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Wraps the HTML report as a picture: browsers draw HTML in it. Forms need scripts, which pictures have not.
fn framed(title: &str, html: &str) -> String {
    let part = |begin: &str, end: &str| {
        let rest = html.split_once(begin).unwrap_or_else(|| panic!("no {begin}: {html}")).1;
        rest.split_once(end).unwrap_or_else(|| panic!("no {end}: {html}")).0.to_owned()
    };
    let (style, body) = (part("<style>", "</style>"), part("<body>", "</body>"));
    let body = without(&without(&body, "<form", "</form>"), "<script", "</script>");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1500 940\" width=\"1500\" height=\"940\">\n<title>{}</title>\n\
         <style>{style}\nsvg:root {{ width: 1500px; max-width: none; height: 940px; }}\nbody {{ margin: 0; padding: 1.5rem; border: 1px solid var(--line); border-radius: 8px; }}</style>\n\
         <foreignObject width=\"100%\" height=\"100%\">\n<body xmlns=\"http://www.w3.org/1999/xhtml\">{body}</body>\n\
         </foreignObject>\n</svg>\n",
        escaped(title),
    )
}

fn without(text: &str, begin: &str, end: &str) -> String {
    match text.split_once(begin).and_then(|(head, rest)| Some((head, rest.split_once(end)?.1))) {
        Some((head, tail)) => without(&format!("{head}{tail}"), begin, end),
        None => text.to_owned(),
    }
}

/// What a picture shows, text and classes, without what the clock decides: dates, times, distances in time, and where
/// things stand.
fn content(svg: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (tag, text) in svg.split('<').filter_map(|piece| piece.split_once('>')) {
        words.extend(tag.split("class=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned));
        take_text(&mut words, text);
    }
    words
}

/// The words of a text, without what the clock decides.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    take_text(&mut words, text);
    words
}

fn take_text(words: &mut Vec<String>, text: &str) {
    for word in text.split(|symbol: char| symbol.is_whitespace() || "();,".contains(symbol)) {
        take_word(words, word);
    }
}

fn take_word(words: &mut Vec<String>, word: &str) {
    let shape: String = word.chars().map(|symbol| if symbol.is_ascii_digit() { '0' } else { symbol }).collect();
    let is_unit = ["s", "min", "h", "day", "days", "months"].contains(&word);
    match words.last().map(String::as_str) {
        _ if word.is_empty() => {}
        _ if shape.starts_with("0000-00-00") || shape == "00:00" => words.push("TIME".to_owned()),
        // A local zone has another name in summer.
        Some("TIME") if (2..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            words.push("ZONE".to_owned());
        }
        _ if word == "now" => words.push("AGO".to_owned()),
        Some("in") if ["0", "00"].contains(&shape.as_str()) => words.push("N".to_owned()),
        Some("N") if is_unit => words.push("UNIT".to_owned()),
        // The number and the unit before it.
        Some(_) if word == "ago" => {
            words.truncate(words.len().saturating_sub(2));
            words.push("AGO".to_owned());
        }
        _ => words.push(word.to_owned()),
    }
}

/// Fails where the committed picture is stale; under `BLESS` draws it again.
fn hold(name: &str, drawn: &str) {
    assert!(drawn.len() < MAX_SIZE, "{name} has {} bytes", drawn.len());
    let path = directory().join(name);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if content(&committed) == content(drawn) {
        return;
    }
    if std::env::var_os("BLESS").is_some_and(|value| !value.is_empty()) {
        std::fs::create_dir_all(directory()).unwrap();
        std::fs::write(&path, drawn).unwrap();
        return;
    }
    let (old, new) = (content(&committed), content(drawn));
    let at = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let around = |words: &[String]| words.iter().skip(at.saturating_sub(5)).take(15).cloned().collect::<Vec<_>>();
    panic!(
        "docs/pictures/{name} is stale: {:?} is now {:?}; run `BLESS=1 cargo test --test it pictures`",
        around(&old),
        around(&new),
    );
}

const POSTGRESQL: &str = "dbp_nd0sST99yfgW5RZK";

fn ends(_: &Terminal) {}

#[test]
fn policies() {
    let session = Session::new().run(&["--sandbox", "policies", "list"], ends);
    hold("policies.svg", &session.draw("The policies of an organization"));
}

#[test]
fn update() {
    let session = Session::new()
        .run(&["--sandbox", "policy", "update", POSTGRESQL, "--retention", "7"], |terminal| {
            terminal.wait_for_prompt("[y/N]").enter("y");
        })
        .run(&["--sandbox", "history"], ends)
        .run(&["--sandbox", "undo"], |terminal| {
            terminal.wait_for_prompt("[y/N]").enter("y");
        });
    hold("update.svg", &session.draw("A change: what it loses, the question, the record, and the way back"));
}

#[test]
fn choose() {
    let session = Session::new().look(&["--sandbox", "policy", "show"], |terminal| {
        terminal.wait_for_prompt("type to search").type_text("web");
        // Each key draws the list again; the last row is drawn last.
        terminal.wait_until("the rows of all three keys", |screen| {
            screen.contains("search): web") && !screen.contains("mail-1") && screen.ends_with("dbp_ZhXaEO3MfXAPWlhD")
        });
    });
    hold("choose.svg", &session.draw("Choose from a list"));
}

#[test]
fn coverage() {
    let session = Session::new().run(&["--sandbox", "coverage", "--require", "daily"], ends);
    hold("coverage.svg", &session.draw("Who is protected, and how well"));
}

#[test]
fn lint() {
    let session = Session::new().run(&["--sandbox", "lint"], ends);
    hold("lint.svg", &session.draw("What deserves a second look"));
}

#[test]
fn onapp() {
    let profile = ["--profile", "sandbox-onapp"];
    let session = Session::new()
        .run(&[&profile[..], &["backups", "list", "--vm", "db1", "--kind", "all", "--limit", "6"]].concat(), ends)
        .run(&[&profile[..], &["policies", "list"]].concat(), ends);
    hold("onapp.svg", &session.draw("Backups and schedules of an OnApp cloud"));
}

#[test]
fn report() {
    let session = Session::new();
    let html = session.bpctl(&["--sandbox", "coverage", "--require", "daily", "--report", "-"]).run().ok().stdout;
    hold("report.svg", &framed("The HTML report of coverage", &html));
}

#[test]
fn each_picture_is_shown_and_the_readme_shows_two() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/tour.md")).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 7, "{names:?}");
    for name in &names {
        assert!(page.contains(&format!("](pictures/{name})")), "docs/tour.md does not show {name}");
    }
    let shown = names.iter().filter(|name| readme.contains(&format!("](docs/pictures/{name})"))).count();
    assert_eq!(shown, 2, "the README shows two pictures");
}

#[test]
fn only_what_the_clock_decides_is_left_out() {
    let of = |text: &str| content(&format!("<svg><text x=\"1\" class=\"c31\">{text}</text></svg>"));
    assert_eq!(of("2026-11-29 02:30 GMT (in 22 h)"), of("2027-01-01 12:00 GMT (in 3 days)"));
    assert_eq!(of("backup 2026-11-29 02:30 GMT (3 days ago)"), of("backup 2026-06-29 02:30 BST (now)"));
    for (one, other) in [("keeps 7", "keeps 14"), ("12 days (48", "11 days (48"), ("in 3 h", "3 h ago"), ("ok", "none")]
    {
        assert_ne!(of(one), of(other));
    }
    assert_ne!(of("ok"), of("ok").into_iter().skip(1).collect::<Vec<_>>(), "colours count");
}
