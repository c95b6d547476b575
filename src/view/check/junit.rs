//! A check as a JUnit report, for CI systems: a suite for each profile, a test case for each VM.

use std::collections::BTreeMap;

use crate::model::check::{MachineCheck, Problem, Report, Status};
use crate::text::escape;

/// What was found in one profile.
#[derive(Default)]
struct Suite<'r> {
    machines: Vec<&'r MachineCheck>,
    problems: Vec<&'r Problem>,
}

/// Writes the document. A VM that is unknown is an error, one that is stale a failure.
pub fn junit(report: &Report) -> String {
    let mut suites: BTreeMap<&str, Suite<'_>> = BTreeMap::new();
    for machine in &report.machines {
        suites.entry(machine.profile.as_deref().unwrap_or("bpctl")).or_default().machines.push(machine);
    }
    for problem in &report.problems {
        suites.entry(problem.profile.as_deref().unwrap_or("bpctl")).or_default().problems.push(problem);
    }
    let nothing = Problem { profile: None, code: "no_vms".to_owned(), message: "no VM to check".to_owned() };
    if report.is_empty() && report.problems.is_empty() {
        suites.entry("bpctl").or_default().problems.push(&nothing);
    }
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"bpctl check\">\n".to_owned();
    for (name, suite) in suites {
        text += &suite.xml(name, report);
    }
    text + "</testsuites>\n"
}

impl Suite<'_> {
    fn xml(&self, name: &str, report: &Report) -> String {
        let count = |is_it: fn(Status) -> bool| self.machines.iter().filter(|machine| is_it(machine.status)).count();
        let failures = count(|status| matches!(status, Status::Warning | Status::Critical));
        let errors = count(|status| status == Status::Unknown) + self.problems.len();
        let tests = self.machines.len() + self.problems.len();
        // The schema has whole seconds without a zone.
        let time = report.checked_at.strftime("%Y-%m-%dT%H:%M:%S");
        let mut text = format!(
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\" \
             time=\"0\" timestamp=\"{time}\">\n",
            xml(name)
        );
        text.extend(self.problems.iter().map(|problem| problem_case(problem)));
        text.extend(self.machines.iter().map(|machine| case(machine)));
        text + "  </testsuite>\n"
    }
}

fn problem_case(problem: &Problem) -> String {
    let (code, message) = (xml(&problem.code), xml(&problem.message));
    format!(
        "    <testcase classname=\"bpctl.check\" name=\"read everything\" time=\"0\">\n      \
         <error type=\"{code}\" message=\"{message}\"/>\n    </testcase>\n"
    )
}

fn case(machine: &MachineCheck) -> String {
    let id = machine.id.as_deref().unwrap_or("-");
    let head = format!(
        "    <testcase classname=\"{}.{}\" name=\"{} ({})\" time=\"0\">\n",
        machine.provider,
        machine.basis.name(),
        xml(&machine.name),
        xml(id)
    );
    let (status, reason) = (machine.status.name(), xml(&machine.reason));
    let body = match machine.status {
        Status::Ok => format!("      <system-out>{reason}</system-out>\n"),
        Status::Unknown => format!("      <error type=\"{status}\" message=\"{reason}\"/>\n"),
        Status::Warning | Status::Critical => format!("      <failure type=\"{status}\" message=\"{reason}\"/>\n"),
    };
    format!("{head}{body}    </testcase>\n")
}

/// Text in XML, which has no place for control characters at all.
fn xml(text: &str) -> String {
    let text = escape(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.chars().filter(|symbol| !matches!(symbol, '\u{fffe}' | '\u{ffff}')).collect()
}
