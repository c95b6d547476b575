//! Reading a policy file. Strict: whatever is not understood is an error that names the line and the key.

use std::ops::RangeInclusive;

use toml_edit::{Document as Toml, Item, TableLike};

use super::{Document, Entry, Name, Rule, Selector, VERSION};
use crate::error::{Error, Result};
use crate::model::{HOURS, MINUTES, PolicyPatch};

/// Retention and frequency.
const POSITIVE: RangeInclusive<i64> = 1..=i64::MAX;
const ANY: RangeInclusive<i64> = i64::MIN..=i64::MAX;
const TOP_KEYS: [&str; 4] = ["version", "organization", "policy", "rule"];
const ENTRY_KEYS: [&str; 10] =
    ["vm", "disk", "target", "id", "interval", "frequency", "time", "minute", "retention", "enabled"];
const RULE_KEYS: [&str; 8] = ["match", "tag", "interval", "frequency", "time", "minute", "retention", "enabled"];

/// Reads a document; `name` is what complaints call it.
pub fn read(name: &str, text: &str) -> Result<Document> {
    let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(offset, _)| offset).collect();
    let reader = Reader { name, text, breaks };
    let document = Toml::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let sentence = error.message().lines().next().unwrap_or_default().to_owned();
        reader.wrong(offset, &format!("not TOML: {sentence}"))
    })?;
    reader.document(document.as_table())
}

/// Knows where in the text something stands.
struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    /// Where each line ends.
    breaks: Vec<usize>,
}

/// A table, what it is called in complaints, and its line.
struct Place<'a> {
    table: &'a dyn TableLike,
    path: String,
    offset: usize,
}

impl Reader<'_> {
    fn document(&self, table: &dyn TableLike) -> Result<Document> {
        let top = Place { table, path: String::new(), offset: 0 };
        self.check_keys(&top, &TOP_KEYS)?;
        match self.integer(&top, "version", ANY)? {
            Some(VERSION) => {}
            None => return Err(self.wrong(0, "`version` is missing: write `version = 1`")),
            Some(_) => return Err(self.wrong_key(&top, "version", "this bpctl reads version 1")),
        }
        let entries = self.tables(&top, "policy")?;
        let rules = self.tables(&top, "rule")?;
        Ok(Document {
            organization: self.text(&top, "organization")?,
            entries: entries.iter().map(|place| self.entry(place)).collect::<Result<_>>()?,
            rules: rules.iter().map(|place| self.rule(place)).collect::<Result<_>>()?,
        })
    }

    fn entry(&self, place: &Place<'_>) -> Result<Entry> {
        self.check_keys(place, &ENTRY_KEYS)?;
        let names = [
            self.text(place, "vm")?.map(Name::Vm),
            self.text(place, "disk")?.map(Name::Disk),
            self.text(place, "target")?.map(Name::Target),
        ];
        let mut names: Vec<Name> = names.into_iter().flatten().collect();
        let (id, fields) = (self.text(place, "id")?, self.fields(place)?);
        let complaint = match (names.len(), &id, &fields.interval) {
            (2.., ..) => "has more than one of `vm`, `disk` and `target`: a policy has one target",
            (0, None, _) => "has none of `vm`, `disk` and `target`: say what is backed up",
            (_, None, None) => "lacks `interval`: a policy is known by its target and interval",
            _ => return Ok(Entry { place: self.place(place.offset), target: names.pop(), id, fields }),
        };
        Err(self.wrong(place.offset, &format!("`{}` {complaint}", place.path)))
    }

    fn rule(&self, place: &Place<'_>) -> Result<Rule> {
        self.check_keys(place, &RULE_KEYS)?;
        let fields = self.fields(place)?;
        let lacks = |what: &str| self.wrong(place.offset, &format!("`{}` lacks {what}", place.path));
        let selector = match (self.text(place, "match")?, self.text(place, "tag")?) {
            (Some(glob), None) => {
                Selector::Match(glob.parse().map_err(|sentence: String| self.wrong_key(place, "match", &sentence))?)
            }
            (None, Some(tag)) => Selector::Tag(tag),
            (None, None) => return Err(lacks("`match` or `tag`: say which VMs it is for")),
            (Some(_), Some(_)) => return Err(self.wrong_key(place, "tag", "`match` or `tag`, not both")),
        };
        if fields.interval.is_none() {
            return Err(lacks("`interval`"));
        }
        if fields.retention.is_none() {
            return Err(lacks("`retention`: a VM that has no such policy gets a new one"));
        }
        Ok(Rule { place: self.place(place.offset), selector, fields })
    }

    fn fields(&self, place: &Place<'_>) -> Result<PolicyPatch> {
        let interval = self.text(place, "interval")?;
        let interval = interval.map(|word| {
            word.parse().map_err(|sentence: String| self.wrong_key(place, "interval", &format!("`{word}`: {sentence}")))
        });
        Ok(PolicyPatch {
            retention: self.integer(place, "retention", POSITIVE)?,
            interval: interval.transpose()?,
            frequency: self.integer(place, "frequency", POSITIVE)?,
            time: self.integer(place, "time", HOURS)?,
            minute: self.integer(place, "minute", MINUTES)?,
            enabled: self.flag(place, "enabled")?,
        })
    }

    /// Returns the tables of `[[key]]`, or of a list of inline tables.
    fn tables<'t>(&self, top: &Place<'t>, key: &str) -> Result<Vec<Place<'t>>> {
        let Some(item) = top.table.get(key) else {
            return Ok(Vec::new());
        };
        let list: Option<Vec<(&'t dyn TableLike, Option<usize>)>> = match item {
            Item::ArrayOfTables(tables) => Some(
                tables.iter().map(|table| (table as &dyn TableLike, table.span().map(|span| span.start))).collect(),
            ),
            _ => item.as_array().and_then(|array| {
                let inline = |value: &'t toml_edit::Value| {
                    let table = value.as_inline_table()?;
                    Some((table as &dyn TableLike, value.span().map(|span| span.start)))
                };
                array.iter().map(inline).collect()
            }),
        };
        let list = list.ok_or_else(|| self.wrong_key(top, key, &format!("expected tables: write `[[{key}]]`")))?;
        let place = |(number, (table, offset)): (usize, (_, Option<usize>))| Place {
            table,
            path: format!("{key} {}", number + 1),
            offset: offset.unwrap_or_default(),
        };
        Ok(list.into_iter().enumerate().map(place).collect())
    }

    fn check_keys(&self, place: &Place<'_>, known: &[&str]) -> Result<()> {
        match place.table.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(self.wrong_key(place, key, &format!("unknown key; known are {}", known.join(", ")))),
        }
    }

    fn text(&self, place: &Place<'_>, key: &str) -> Result<Option<String>> {
        let Some(item) = place.table.get(key) else {
            return Ok(None);
        };
        match item.as_str().filter(|text| !text.trim().is_empty()) {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.wrong_key(place, key, "expected a string that is not empty")),
        }
    }

    fn flag(&self, place: &Place<'_>, key: &str) -> Result<Option<bool>> {
        let Some(item) = place.table.get(key) else {
            return Ok(None);
        };
        item.as_bool().map(Some).ok_or_else(|| self.wrong_key(place, key, "expected `true` or `false`"))
    }

    fn integer(&self, place: &Place<'_>, key: &str, range: RangeInclusive<i64>) -> Result<Option<i64>> {
        let Some(item) = place.table.get(key) else {
            return Ok(None);
        };
        if let Some(number) = item.as_integer().filter(|number| range.contains(number)) {
            return Ok(Some(number));
        }
        let expected = match range.into_inner() {
            (i64::MIN, _) => "expected a whole number".to_owned(),
            (least, i64::MAX) => format!("expected a whole number, at least {least}"),
            (least, most) => format!("expected a whole number from {least} to {most}"),
        };
        Err(self.wrong_key(place, key, &expected))
    }

    fn wrong_key(&self, place: &Place<'_>, key: &str, what: &str) -> Error {
        let span = place.table.get_key_value(key).and_then(|(name, item)| name.span().or_else(|| item.span()));
        let full = match place.path.as_str() {
            "" => format!("`{key}`"),
            path => format!("`{key}` of {path}"),
        };
        self.wrong(span.map_or(place.offset, |span| span.start), &format!("{full}: {what}"))
    }

    fn wrong(&self, offset: usize, what: &str) -> Error {
        Error::config(format!("{} line {}: {what}", self.name, self.place(offset)))
    }

    fn place(&self, offset: usize) -> super::Place {
        let line = self.breaks.partition_point(|end| *end < offset);
        let start = line.checked_sub(1).map_or(0, |before| self.breaks[before] + 1);
        let before = self.text.get(start..offset).unwrap_or_default();
        super::Place { line: line + 1, column: before.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_names_the_line_and_the_key() {
        for (text, words) in [
            ("version = 2", "line 1: `version`: this bpctl reads version 1"),
            ("", "line 1: `version` is missing"),
            ("version = 1\ncolor = 1", "line 2: `color`: unknown key"),
            ("version = 1\n[[policy]]\nvm = 'a'\nintervall = 'daily'", "line 4: `intervall` of policy 1: unknown key"),
            ("version = 1\n\n[[policy]]\nvm = 'a'", "line 3: `policy 1` lacks `interval`"),
            ("version = 1\n[[policy]]\ninterval = 'daily'", "line 2: `policy 1` has none of `vm`"),
            (
                "version = 1\n[[policy]]\nvm = 'a'\ndisk = 'b'\ninterval = 'daily'",
                "line 2: `policy 1` has more than one",
            ),
            (
                "version = 1\n[[policy]]\nvm = 'a'\ninterval = 'fortnightly'",
                "line 4: `interval` of policy 1: `fortnightly`",
            ),
            ("version = 1\n[[policy]]\nvm = 'a'\ninterval = 'daily'\nretention = 0", "line 5: `retention` of policy 1"),
            ("version = 1\n[[policy]]\nvm = 'a'\ninterval = 'daily'\ntime = 2.5", "line 5: `time` of policy 1"),
            ("version = 1\n[[rule]]\ninterval = 'daily'\nretention = 1", "line 2: `rule 1` lacks `match` or `tag`"),
            ("version = 1\n[[rule]]\nmatch = 'a'\ninterval = 'daily'", "line 2: `rule 1` lacks `retention`"),
            ("version = 1\n[[rule]]\nmatch = ' '\n", "line 3: `match` of rule 1"),
            ("version = 1\npolicy = 3", "line 2: `policy`: expected tables"),
            ("version = 1\nx =", "line 2: not TOML"),
        ] {
            let error = read("FILE", text).unwrap_err();
            assert!(error.message.starts_with(&format!("FILE {words}")), "{}: {text}", error.message);
        }
    }

    #[test]
    fn both_spellings_of_a_list_are_read() {
        let text = "version = 1\npolicy = [{vm = 'a', interval = 'daily', retention = 7}]\n[[rule]]\ntag = 'x'\n\
                    interval = 'weekly'\nretention = 4\n";
        let document = read("FILE", text).unwrap();
        assert_eq!(document.entries[0].target, Some(Name::Vm("a".to_owned())));
        let (entry, rule) = (document.entries[0].place, document.rules[0].place);
        assert_eq!((entry.line, entry.column, rule.line, rule.column), (2, 11, 3, 1));
        assert!(document.needs_tags());
    }
}
