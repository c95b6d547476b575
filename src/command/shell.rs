//! `bpctl completions` and `bpctl man`

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;

use crate::args::{Cli, Completions, Man};
use crate::complete;
use crate::context::Context;
use crate::error::{Error, Result};

/// Prints a completion script: it asks the program itself for candidates.
pub fn completions(cx: &Context, args: Completions) -> Result<()> {
    cx.ui.print(|out| out.write_all(complete::script(args.shell).as_bytes()))
}

/// Prints the main manual page, or writes all of them.
pub fn man(cx: &Context, args: Man) -> Result<()> {
    let mut command = Cli::command();
    command.build();
    let Some(directory) = args.dir else {
        let page = render(&command, "bpctl")?;
        return cx.ui.print(|out| out.write_all(&page));
    };
    std::fs::create_dir_all(&directory).map_err(|error| Error::io(&directory.display().to_string(), &error))?;
    write_pages(&command, "bpctl", &directory)
}

fn write_pages(command: &clap::Command, name: &str, directory: &Path) -> Result<()> {
    let file = directory.join(format!("{name}.1"));
    std::fs::write(&file, render(command, name)?).map_err(|error| Error::io(&file.display().to_string(), &error))?;
    let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set());
    for verb in verbs {
        write_pages(verb, &format!("{name}-{}", verb.get_name()), directory)?;
    }
    Ok(())
}

fn render(command: &clap::Command, name: &str) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone().display_name(name.to_owned()).bin_name(name.replace('-', " ")))
        .title(name.to_uppercase())
        .manual("bpctl manual")
        .render(&mut page)
        .map_err(|error| Error::io("manual page", &error))?;
    page.flush().map_err(|error| Error::io("manual page", &error))?;
    Ok(page)
}
