//! The topics of `bpctl help`. Each text stands here once, for the terminal and for the manual, and takes what it can
//! from the code that it describes.

use clap::ValueEnum;

use super::columns::{LISTS, columns};
use super::layout::Block;
use crate::args::Format;
use crate::config::env;
use crate::error::{Error, Exit, code};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    ExitCodes,
    Environment,
    Formatting,
    Times,
    Files,
    Options,
}

/// Where files are on a system with the usual directories.
pub(super) const FILES: [(&str, &str); 4] = [
    ("~/.config/bpctl/config.toml", "The profiles. `bpctl config path` prints its path."),
    ("~/.local/share/bpctl/journal.jsonl", "The journal of changes. `bpctl history --path` prints its path."),
    ("~/.local/share/bpctl/sandbox.json", "The state of the simulator. `bpctl sandbox path` prints its path."),
    ("~/.cache/bpctl/", "Names and ids for completion, kept for a minute."),
];

/// The forms of a point in time.
const FORMS: [(&str, &str); 10] = [
    ("2026-12-01T02:00:00Z", "RFC 3339, with an offset."),
    ("2026-12-01 02:00", "A local date and time."),
    ("2026-12-01", "A local date, at midnight."),
    ("+7d", "A time from now; also `in 36h` and `2 weeks`."),
    ("1h30m", "Units can be combined."),
    ("tomorrow 02:00", "Also `today 22:00`."),
    ("friday 22:00", "The next one; `fri 22:00` is the same."),
    ("sunday", "A weekday alone is at midnight."),
    ("end of month", "Its last minute; also `end of week`."),
    ("@1767225600", "Unix seconds."),
];

/// The error codes of bpctl itself, with the exit codes that they usually come with.
const CODES: [(&str, &str); 27] = [
    (code::USAGE, "2: a bad option, value or combination."),
    (code::CONFIG, "2: a bad or missing configuration."),
    (code::NO_TOKEN, "4: no token was found."),
    (code::AMBIGUOUS_NAME, "2: a name matches several objects; the error lists them."),
    (
        code::CONFIRMATION_REQUIRED,
        "2: a change that weakens protection needs `--yes`; a second policy of an interval, `--allow-duplicate`.",
    ),
    (code::NETWORK, "7: the API could not be reached."),
    (code::TLS, "7: no trusted TLS connection could be made."),
    (code::TIMEOUT, "7: no response in time."),
    (code::INVALID_RESPONSE, "1, or 7 where it was cut off: a response that bpctl cannot use."),
    (code::OUTCOME_UNKNOWN, "7: it is unknown whether a write was carried out."),
    (code::NOT_APPLIED, "1: the API accepted a write, and the object still has another value."),
    (code::NOT_VERIFIED, "9: a write was accepted, but could not be read back."),
    (code::CHANGED, "5: the object is not as expected, so nothing was sent."),
    (code::READ_ONLY, "2: the profile or an option forbids writes; nothing was sent."),
    (code::NOT_OFFERED, "2: the provider does not have this feature or value."),
    (code::CLOCK_SKEW, "2: the clocks differ too much to trust a time that counts from now."),
    (code::BUSY, "5: the cloud is working on the same VM, so nothing was done; `--wait` waits for it."),
    (code::TRANSACTION_FAILED, "1: the cloud began the work, and it failed or was cancelled."),
    (code::STILL_PENDING, "8: the work was still running when the time limit expired."),
    (code::UNREADABLE, "5: a policy holds something that bpctl does not know."),
    (code::NO_WAY_BACK, "5: the API offers no way to reverse the change."),
    (code::INVALID_TIMESTAMP, "5: the time is not more than 5 minutes ahead."),
    (code::INTERRUPTED, "130: interrupted by Ctrl-C or a signal."),
    (code::JQ, "1: the expression of `--jq` cannot be applied to the result."),
    (code::IO, "1: a file could not be read or written."),
    (code::PARTLY_DONE, "9: some of several targets failed."),
    (code::FOUND, "10: a check found something."),
];

impl Topic {
    pub(crate) const ALL: [Self; 6] =
        [Self::ExitCodes, Self::Environment, Self::Formatting, Self::Times, Self::Files, Self::Options];

    /// Finds a topic by its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ExitCodes => "exit-codes",
            Self::Environment => "environment",
            Self::Formatting => "formatting",
            Self::Times => "times",
            Self::Files => "files",
            Self::Options => "options",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ExitCodes => "Exit codes and error codes",
            Self::Environment => "Environment variables",
            Self::Formatting => "Output formats, columns and sorting",
            Self::Times => "Forms of times and durations",
            Self::Files => "Files that bpctl reads and writes",
            Self::Options => "Options of every command",
        }
    }

    /// Returns its text for a terminal.
    pub(crate) fn text(self) -> String {
        let body = match self {
            Self::Options => super::options().render_help().ansi().to_string(),
            _ => super::layout::text(&self.blocks()),
        };
        format!("{}\n\n{}\n", self.title(), body.trim_end())
    }

    /// Returns its text in parts. The options are laid out by the command line's own library.
    pub(super) fn blocks(self) -> Vec<Block> {
        match self {
            Self::ExitCodes => exit_codes(),
            Self::Environment => environment(),
            Self::Formatting => formatting(),
            Self::Times => times(),
            Self::Files => files(),
            Self::Options => Vec::new(),
        }
    }
}

fn exit_codes() -> Vec<Block> {
    let fields = Error::usage("").to_json();
    let fields: Vec<&str> = fields["error"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    vec![
        Block::terms(Exit::ALL.iter().map(|(exit, meaning)| ((*exit as u8).to_string(), *meaning))),
        Block::Heading("Errors in JSON"),
        Block::text(&format!(
            "With `-o json` or `-o jsonl`, standard error holds one JSON object: {{\"error\": {{…}}}}, with the fields {}. \
             Standard output then holds nothing, except for a result that comes with exit code 9 or 10, and jsonl rows that were \
             already written.",
            fields.join(", ")
        )),
        Block::Heading("Error codes"),
        Block::text("The field `code` is the API's own code, or one of these, with its exit code:"),
        Block::terms(CODES.iter().map(|(code, meaning)| ((*code).to_owned(), *meaning))),
    ]
}

fn environment() -> Vec<Block> {
    vec![
        Block::text(
            "An option overrides a variable, and a variable overrides the config file. A profile that is named with \
             --profile is the exception: its own values come before the variables. An empty variable counts as unset.",
        ),
        Block::terms(env::ALL.iter().map(|(name, meaning)| ((*name).to_owned(), *meaning))),
        Block::Heading("Standard variables"),
        Block::terms([
            ("SSL_CERT_FILE, SSL_CERT_DIR".to_owned(), "Trusted certificates, instead of the system's."),
            ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY".to_owned(), "The HTTP proxy to use; SOCKS is not supported."),
            ("NO_PROXY".to_owned(), "Hosts, domains and networks to reach directly, each with or without a port."),
            ("TZ".to_owned(), "The local time zone."),
            (
                "LC_ALL, LC_CTYPE, LANG".to_owned(),
                "Charts are drawn in ASCII unless the first that is set names UTF-8.",
            ),
            ("XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME".to_owned(), "Where files are: `bpctl help files`."),
            ("XDG_RUNTIME_DIR".to_owned(), "Where the lock is that keeps two writes from crossing."),
        ]),
    ]
}

fn formatting() -> Vec<Block> {
    let formats = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let formats = formats.map(|value| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        (value.get_name().to_owned(), help)
    });
    let lists = LISTS.iter().map(|list| ((*list).to_owned(), columns(list).join(", ")));
    vec![
        Block::text(
            "`-o FORMAT` or BPCTL_OUTPUT chooses the format of results. Everything else goes to standard error.",
        ),
        Block::terms(formats),
        Block::Heading("JSON"),
        Block::text(
            "Objects of the API are printed as the API gives them: field names, order, numbers and unknown fields are kept, \
             and times stay Unix seconds. Passwords are printed as [REDACTED] unless --show-secrets is given. With \
             several profiles, each row is {\"profile\": NAME, \"object\": …}.",
        ),
        Block::text(
            "`--jq EXPR` filters the JSON output with a jq expression, without jq being installed: `--jq '.[].id'`.",
        ),
        Block::Heading("Lists"),
        Block::terms(
            [
                ("--columns id,target", "Print these columns, in this order. JSON and YAML always have every field."),
                ("--sort next_run:desc", "Sort by a column, here in descending order."),
                ("--limit 10", "Print at most 10 rows."),
                ("--no-header", "Leave out the header row."),
            ]
            .map(|(example, meaning)| (example.to_owned(), meaning)),
        ),
        Block::Heading("Columns"),
        Block::terms(lists),
    ]
}

fn times() -> Vec<Block> {
    vec![
        Block::text(
            "`--at` and `--prune-at` take a point in time in one of these forms, in the local time zone or, with --utc, in \
             UTC. It is shown resolved before anything is sent, and must be more than 5 minutes ahead.",
        ),
        Block::terms(FORMS.iter().map(|(form, meaning)| ((*form).to_owned(), *meaning))),
        Block::text("A local time that a change of the clocks skips or repeats is an error that names both readings."),
        Block::Heading("Durations"),
        Block::terms([
            (
                "--timeout, --max-wait".to_owned(),
                "`30s`, `2m`, `500ms`, `1h`, `7d`; a number alone is seconds. At most 30 days.",
            ),
            ("--next".to_owned(), "`24h`, `7d`, `2w`. At most 92 days."),
        ]),
        Block::Heading("Schedules"),
        Block::text(
            "The API does not document the range or the time zone of a policy's `time` and `minute`. bpctl reads them as \
             hour of the day (0 to 23) and minute of the hour (0 to 59), in server time, and refuses other values.",
        ),
    ]
}

fn files() -> Vec<Block> {
    vec![
        Block::terms(FILES.iter().map(|(path, meaning)| ((*path).to_owned(), *meaning))),
        Block::text(
            "XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_CACHE_HOME move the first part of these paths; on macOS and Windows, the \
             system's own directories are used. These files are created with mode 0600.",
        ),
        Block::Heading("The config file"),
        Block::text("TOML: `default_profile`, and one table [profiles.NAME] for each profile, with these keys:"),
        Block::text(&crate::config::PROFILE_KEYS.join(", ")),
    ]
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn every_form_of_a_time_is_one() {
        let now = Timestamp::from_second(1_760_000_000).expect("a time");
        let quoted = FORMS.iter().flat_map(|(_, meaning)| meaning.split('`').skip(1).step_by(2));
        for form in FORMS.iter().map(|(form, _)| *form).chain(quoted) {
            assert!(crate::time::resolve(form, now, &TimeZone::UTC).is_ok(), "{form}");
        }
    }

    #[test]
    fn every_code_of_the_program_is_explained() {
        let source = include_str!("../error.rs");
        let source =
            source.split("pub mod code {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("the codes");
        let codes: Vec<&str> =
            source.lines().filter_map(|line| line.split_once("&str = \"")?.1.strip_suffix("\";")).collect();
        assert!(codes.len() > 10, "{codes:?}");
        for code in codes {
            assert!(CODES.iter().any(|(known, _)| *known == code), "{code}");
        }
    }

    #[test]
    fn every_list_has_columns() {
        for list in LISTS {
            assert!(!columns(list).is_empty(), "{list}");
        }
    }
}
