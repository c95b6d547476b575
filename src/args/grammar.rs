//! Reading the command line with no more of the grammar than it needs.
//!
//! Every noun that is declared costs, for each gets a copy of every global option. So a line that names a noun is read
//! with that noun alone, and one that names none without copies. What cannot be read so is read again with everything,
//! for the error's sake.

use std::ffi::OsString;

use clap::{ArgAction, Args, Command, CommandFactory, Error, FromArgMatches};

use super::{Cli, Global};

impl Cli {
    /// Reads the arguments, the program's name first. `whole` gives the whole command line, with everything that its help
    /// says: it is needed only for help and errors.
    pub fn read(arguments: &[OsString], whole: impl FnOnce() -> Command) -> Result<Self, Error> {
        let known = Self::command();
        let mut words = arguments.iter().skip(1).filter_map(|word| word.to_str());
        if let Some(noun) = words.find_map(|word| known.find_subcommand(word)) {
            let narrow =
                Global::augment_args(Command::new("bpctl").disable_help_subcommand(true).subcommand(noun.clone()));
            if let Ok(cli) = read(last_wins(narrow), arguments) {
                return Ok(cli);
            }
        }
        read(last_wins(whole()), arguments)
    }
}

/// Lets an option of every command be given twice, the last one counting: scripts have their own, and add the user's.
/// Of what a command changes, nothing is given twice.
fn last_wins(grammar: Command) -> Command {
    grammar.mut_args(|option| {
        match option.is_global_set() && matches!(option.get_action(), ArgAction::Set | ArgAction::SetTrue) {
            true => {
                let itself = option.get_id().clone();
                option.overrides_with(itself)
            }
            false => option,
        }
    })
}

fn read(grammar: Command, arguments: &[OsString]) -> Result<Cli, Error> {
    // Leaked: it is needed to the end of the process, and taking it apart would cost more than a request.
    let grammar = Box::leak(Box::new(grammar));
    grammar.try_get_matches_from_mut(arguments).and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_line_is_read_as_the_whole_grammar_reads_it() {
        let lines = [
            "bpctl",
            "bpctl --help",
            "bpctl -V",
            "bpctl --version policies",
            "bpctl -o json policies list --vm web-1 --utc",
            "bpctl policy list --disk d -o json",
            "bpctl --profile policies vm list",
            "bpctl --profile vm policies list --vm vm",
            "bpctl policies",
            "bpctl policies list --help",
            "bpctl policies list --no-such-flag",
            "bpctl help policies update",
            "bpctl help",
            "bpctl polices list",
            "bpctl --no-such-flag",
            "bpctl --output nonsense vm list",
            "bpctl vm show",
        ];
        for line in lines {
            let arguments = words(line);
            let whole = Cli::command().try_get_matches_from(&arguments).and_then(|found| Cli::from_arg_matches(&found));
            let told = |read: Result<Cli, Error>| match read {
                Ok(cli) => format!("{cli:?}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(told(Cli::read(&arguments, Cli::command)), told(whole), "{line}");
        }
    }
}
