//! Adds the connection options (`--profile`, `--org` and the like) to the commands that hints name, so that a copied
//! command reaches the same cloud.

use super::Context;
use crate::config::Provider;
use crate::error::Error;
use crate::text::shell_word;

/// Commands that reach no cloud, as `--explain` does not, or set up how one is reached. `undo` is among them: a hint may
/// name a change of another connection, and then says how that was named.
const WITHOUT: [&str; 9] = ["auth", "completions", "config", "help", "history", "man", "sandbox", "schema", "undo"];

/// The options that choose a cloud.
const CLOUD: [&str; 4] = ["--profile", "--sandbox", "--provider", "--api-url"];

/// An option that names the connection: its name, and all of it as it is typed.
type Named = (&'static str, String);

impl Context {
    /// Adds the options that named the connection to the commands that an error's hints name.
    pub fn name_connection(&self, error: Error) -> Error {
        let options = self.connection_options();
        Error { hints: error.hints.iter().map(|hint| with_options(hint, &options)).collect(), ..error }
    }

    /// Adds them to one command, which begins with `bpctl`.
    pub fn with_connection(&self, command: &str) -> String {
        let rest = command.strip_prefix("bpctl ").unwrap_or(command);
        format!("bpctl {}", command_with(rest, &self.connection_options()))
    }

    /// Adds them to the commands that a text names in backticks.
    pub fn with_connections(&self, text: &str) -> String {
        with_options(text, &self.connection_options())
    }

    fn connection_options(&self) -> Vec<Named> {
        let global = &self.global;
        let option = |name, value: Option<String>| value.map(|value| (name, format!("{name} {}", shell_word(&value))));
        // The sandbox has both clouds: `--sandbox` alone reaches the one that suits a command, which may be the other.
        let in_sandbox = self.connection.get().filter(|_| global.sandbox).map(|connection| connection.provider.value);
        let provider = global.provider.or(in_sandbox.filter(|provider| *provider != Provider::default()));
        let options = [
            option("--config", global.config.as_ref().map(|path| path.display().to_string())),
            option("--profile", global.profile.clone()),
            global.sandbox.then(|| ("--sandbox", "--sandbox".to_owned())),
            option("--provider", provider.map(|provider| provider.name().to_owned())),
            option("--api-url", global.api_url.clone()),
            option("--org", global.org.clone()),
        ];
        options.into_iter().flatten().collect()
    }
}

/// Adds options to the commands in a hint, which are in backticks.
fn with_options(hint: &str, options: &[Named]) -> String {
    let parts: Vec<&str> = hint.split('`').collect();
    // Backticks that are no pairs belong to a name.
    if parts.len().is_multiple_of(2) {
        return hint.to_owned();
    }
    let parts = parts.into_iter().enumerate().map(|(at, part)| match part.strip_prefix("bpctl ") {
        Some(command) if at % 2 == 1 => format!("bpctl {}", command_with(command, options)),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

fn command_with(command: &str, options: &[Named]) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    // A quote within a quoted word is three quotes.
    let is_cut = command.replace(r"'\''", "").matches('\'').count() % 2 == 1;
    if is_cut || WITHOUT.contains(&words[0]) || words.contains(&"--explain") {
        return command.to_owned();
    }
    let names_cloud = CLOUD.iter().any(|name| words.contains(name));
    let is_left_out = |name: &str| match name {
        "--config" => words.contains(&name),
        // All organizations are listed, whichever is in use.
        "--org" => names_cloud || words.contains(&name) || words[0] == "org",
        _ => names_cloud,
    };
    let added = options.iter().filter(|(name, _)| !is_left_out(name)).map(|(_, option)| option.as_str());
    // Where its output goes stands last.
    let (command, to_file) = match command.split_once(" > ") {
        Some((command, file)) if !command.contains('\'') => (command, Some(format!("> {file}"))),
        _ => (command, None),
    };
    std::iter::once(command).chain(added).chain(to_file.as_deref()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_get_the_options_that_they_do_not_have() {
        let option =
            |text: &str| (["--profile", "--org"].into_iter().find(|name| text.starts_with(name)), text.to_owned());
        let options: Vec<Named> = ["--profile work", "--org acme"]
            .map(option)
            .into_iter()
            .filter_map(|(name, text)| Some((name?, text)))
            .collect();
        for (hint, expected) in [
            ("`bpctl vm list` shows the VMs", "`bpctl vm list --profile work --org acme` shows the VMs"),
            (
                "`a` is a VM: `bpctl vm show a`, `bpctl policies list --vm a`",
                "`a` is a VM: `bpctl vm show a --profile work --org acme`, `bpctl policies list --vm a --profile work --org acme`",
            ),
            ("`bpctl vm list --org b`", "`bpctl vm list --org b --profile work`"),
            ("`bpctl snapshot > FILE` writes one", "`bpctl snapshot --profile work --org acme > FILE` writes one"),
            ("`bpctl org list`", "`bpctl org list --profile work`"),
            ("`bpctl --sandbox policies list`", "`bpctl --sandbox policies list`"),
            ("`bpctl undo 1 --org b`", "`bpctl undo 1 --org b`"),
            ("`bpctl lint --explain W001`", "`bpctl lint --explain W001`"),
            ("`bpctl history` shows it", "`bpctl history` shows it"),
            ("name it with `--org`", "name it with `--org`"),
            ("bpctl vm list", "bpctl vm list"),
            // Names with quotes and backticks.
            (r"`bpctl disk show 'Bob'\''s disk'`", r"`bpctl disk show 'Bob'\''s disk' --profile work --org acme`"),
            ("`bpctl vm show 'a`b'`", "`bpctl vm show 'a`b'`"),
            ("`bpctl vm show 'a`b`c'`", "`bpctl vm show 'a`b`c'`"),
        ] {
            assert_eq!(with_options(hint, &options), expected);
        }
    }
}
