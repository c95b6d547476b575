//! `bpctl man`

use crate::args::Man;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::help::pages;

/// Prints the main manual page, or writes all of them.
pub fn run(cx: &Context, args: Man) -> Result<()> {
    let pages = pages()?;
    let Some(directory) = args.dir else {
        return cx.ui.print(|out| pages.iter().take(1).try_for_each(|page| out.write_all(page.text.as_bytes())));
    };
    std::fs::create_dir_all(&directory).map_err(|error| Error::path(&directory, &error))?;
    for page in pages {
        let file = directory.join(format!("{}.1", page.name));
        std::fs::write(&file, page.text).map_err(|error| Error::path(&file, &error))?;
    }
    Ok(())
}
