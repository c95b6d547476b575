//! What `bpctl` and `bpctl -h` show: the way in, on one screen.

use super::text::heading;

/// The last lines of `bpctl --help`.
pub(super) const TOPICS: &str = "\
Help topics: exit-codes, environment, formatting, times, files, options

bpctl help TOPIC     text about a topic
bpctl COMMAND -h     a command on one screen
bpctl COMMAND --help everything about a command";

const TEXT: &str = "\
Administer disk backup policies on Katapult, and backups on OnApp clouds

Usage: bpctl COMMAND [VERB] [OPTIONS]

Try it, with a simulated cloud:
  bpctl --sandbox policies list

Log in:
  auth login          Check a token and store it
  doctor              Check configuration, connection, token and scopes
  config              Show and change the configuration

Look:
  policies list       List the policies of a VM, a disk or an organization
  coverage, calendar  Show what is backed up, how well, and when
  check               Check that VMs are backed up, for monitoring
  lint                Find policies that are probably not as intended
  snapshot, diff      Record a moment, and compare it with another or now
  report              Write a report for an auditor
  vm, disk, org       List and show VMs, disks and organizations
  backups,            List the backups of an OnApp cloud, and what it is
  transactions        doing

Change:
  policies            create, update, delete, schedule-delete, restore, pause
  backups             create, restore, delete, note, convert (OnApp)
  autobackup          Switch the policies of an OnApp VM on or off
  export, plan, apply Keep the policies in a file
  history, undo       Show changes made with bpctl, and reverse them
  trash               List and show deleted objects

Help:
  bpctl COMMAND -h    Help for a command; --help shows all of it
  bpctl help options  The options of every command; other topics are
                      exit-codes, environment, formatting, times, files
  bpctl --help        All commands, with schema, completions, man and sandbox
";

/// Gives it with its headings marked for a terminal.
pub(super) fn styled() -> String {
    TEXT.lines().fold(String::new(), |mut text, line| {
        let is_heading = line.ends_with(':') && !line.starts_with(' ');
        text += &if is_heading { heading(line) } else { line.to_owned() };
        text.push('\n');
        text
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;
    use crate::help::Topic;

    #[test]
    fn it_names_every_command_and_topic_and_fits_a_screen() {
        let words: Vec<&str> = TEXT.split([' ', ',', '\n', ';', ':']).collect();
        for command in Cli::command().get_subcommands() {
            assert!(words.contains(&command.get_name()), "{}", command.get_name());
        }
        for topic in Topic::ALL {
            assert!(words.contains(&topic.name()) && TOPICS.contains(topic.name()), "{}", topic.name());
        }
        assert!(TEXT.lines().count() <= 36, "{}", TEXT.lines().count());
        assert!(TEXT.lines().all(|line| line.len() <= 80));
    }
}
