//! `bpctl sandbox …`

#[cfg(feature = "sandbox")]
pub use with_sandbox::run;
#[cfg(not(feature = "sandbox"))]
pub use without_sandbox::run;

#[cfg(feature = "sandbox")]
mod with_sandbox {
    use std::time::Duration;

    use serde_json::json;

    use crate::args::{Format, SandboxCommand, SandboxReset, SandboxServe};
    use crate::config::Paths;
    use crate::context::{Context, SANDBOX_API};
    use crate::error::{Error, Result};
    use crate::sandbox::{self, Fault, Options, Seed};
    use crate::view::structured;

    /// Carries out a verb.
    pub async fn run(cx: &Context, verb: SandboxCommand) -> Result<()> {
        match verb {
            SandboxCommand::Serve(args) => serve(cx, args).await,
            SandboxCommand::Reset(args) => reset(cx, &args),
            SandboxCommand::Path => {
                let path = Paths::find()?.sandbox_file();
                cx.ui.print(|out| writeln!(out, "{}", path.display()))
            }
        }
    }

    async fn serve(cx: &Context, args: SandboxServe) -> Result<()> {
        let faults = args
            .fail
            .iter()
            .map(|text| text.trim().parse::<Fault>())
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|error| Error::usage(format!("invalid value for '--fail': {error}")))?;
        let seed = seed(args.machines, args.policies);
        let state_file = match args.ephemeral || args.machines.is_some() {
            true => None,
            false => Some(Paths::find()?.sandbox_file()),
        };
        let options = Options {
            state_file,
            port: args.port,
            faults,
            latency: args.latency.unwrap_or(Duration::ZERO),
            rate_limit: args.rate_limit,
            large_set_over: args.large_set_over,
            seed,
            ..Options::default()
        };
        let running = cx.launch_sandbox(options)?;
        let (katapult, onapp) = (running.katapult_url(), running.onapp_url());
        cx.ui.print(|out| match cx.output.format {
            Format::Json | Format::Jsonl | Format::Yaml => {
                structured(&cx.output, &json!({"katapult": katapult, "onapp": onapp}), out)
            }
            _ => writeln!(out, "Katapult  {katapult}\nOnApp     {onapp}"),
        })?;
        cx.ui.flush()?;
        cx.ui.note(
            "any token is accepted (`-H 'Authorization: Bearer sandbox'`; OnApp: `-u sandbox:sandbox`); Ctrl-C ends it",
        );
        // Ends with the interruption that the runtime listens for, or with the process.
        std::future::pending::<()>().await;
        drop(running);
        Ok(())
    }

    fn reset(cx: &Context, args: &SandboxReset) -> Result<()> {
        let file = Paths::find()?.sandbox_file();
        if cx.global.dry_run {
            cx.ui.note(&format!("dry run: the sandbox is left as it is ({})", file.display()));
            return Ok(());
        }
        sandbox::reset(&file, &seed(args.machines, args.policies), &sandbox::system_clock())
            .map_err(|error| Error::io(&file.display().to_string(), &error))?;
        let journal = cx.journal()?;
        // The sandbox has started over all the same; an undo of what is gone finds nothing, and says so.
        if let Err(error) = journal.reset(SANDBOX_API) {
            cx.ui.warn(&format!("{}: {error}", journal.path().display()));
        }
        cx.ui.note(&format!("the sandbox starts over ({})", file.display()));
        Ok(())
    }

    fn seed(machines: Option<usize>, policies: Option<usize>) -> Seed {
        let company = Seed::default();
        Seed {
            machines: machines.unwrap_or(company.machines),
            policies: policies.unwrap_or(company.policies),
            ..company
        }
    }
}

#[cfg(not(feature = "sandbox"))]
mod without_sandbox {
    use crate::args::SandboxCommand;
    use crate::context::Context;
    use crate::error::{Error, Result};

    /// Refuses: this build leaves the simulator out.
    pub async fn run(_: &Context, _: SandboxCommand) -> Result<()> {
        Err(Error::usage("this build of bpctl has no sandbox").hint("build it with the feature `sandbox`"))
    }
}
