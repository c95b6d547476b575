//! `bpctl config list`

use super::settings::in_force;
use crate::args::{ConfigList, Format};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Walk;
use crate::model::{ConfigSetting, Object};
use crate::ops::rows::Rows;
use crate::view::{Listing, OutputOptions};

/// Lists the settings in force.
pub fn run(cx: &Context, args: &ConfigList) -> Result<()> {
    let settings: Vec<Object<ConfigSetting>> = in_force(cx)?.into_iter().map(ConfigSetting::object).collect();
    if !args.origin || cx.output.columns.is_some() || cx.output.format != Format::Table {
        let mut rows = Rows::begin(cx)?;
        rows.page(settings)?;
        return rows.end(Walk::default(), "in force");
    }
    let columns = ["key", "value", "origin"].map(str::to_owned).to_vec();
    let output = OutputOptions { columns: Some(columns), ..cx.output.clone() };
    let mut listing = Listing::<ConfigSetting>::new(&output).map_err(Error::usage)?;
    cx.ui.print(|out| {
        settings.into_iter().try_for_each(|setting| listing.push(setting, out).map(drop))?;
        listing.finish(out)
    })
}
