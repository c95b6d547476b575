//! `bpctl sandbox …`

#[cfg(feature = "sandbox")]
pub use with_sandbox::run;
#[cfg(not(feature = "sandbox"))]
pub use without_sandbox::run;

#[cfg(feature = "sandbox")]
mod with_sandbox {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::json;

    use crate::args::{Format, OnAppMode, SandboxCommand, SandboxReset, SandboxServe};
    use crate::context::{Context, SANDBOX_API};
    use crate::error::{Error, Result, reason};
    use crate::sandbox::{self, Answered, Created, Fault, Log, Options, Seed};
    use crate::view::structured;

    /// Runs a verb of `bpctl sandbox`.
    pub async fn run(cx: &Context, verb: SandboxCommand) -> Result<()> {
        match verb {
            SandboxCommand::Serve(args) => serve(cx, args).await,
            SandboxCommand::Reset(args) => reset(cx, &args),
            SandboxCommand::Path => {
                let path = cx.paths().sandbox_file()?;
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
        let in_memory = args.ephemeral || args.machines.is_some();
        let state_file = if in_memory { None } else { cx.sandbox_file() };
        let (sender, mut requests) = tokio::sync::mpsc::unbounded_channel();
        let log: Option<Log> = (cx.ui.verbosity() > 0).then(|| {
            let log: Log = Arc::new(move |answered: &Answered| {
                // Fails only while the program ends.
                let _ = sender.send(answered.to_string());
            });
            log
        });
        let options = Options {
            state_file,
            port: args.port,
            faults,
            latency: args.latency.unwrap_or(Duration::ZERO),
            rate_limit: args.rate_limit,
            large_set_over: args.large_set_over,
            seed,
            onapp: onapp_mode(&args.onapp),
            log,
            ..Options::default()
        };
        let running = cx.launch_sandbox(options)?;
        let (katapult, onapp) = (running.katapult_url(), running.onapp_url());
        cx.ui.print(|out| match cx.output.format {
            Format::Json | Format::Jsonl | Format::Yaml => {
                structured(&cx.output, &json!({"katapult": katapult, "onapp": onapp}), out)
            }
            _ => write!(
                out,
                "Katapult  {katapult}\n{}\nOnApp     {onapp}\n{}\n",
                exports(&[("BPCTL_PROVIDER", "katapult"), ("BPCTL_API_URL", katapult), ("BPCTL_TOKEN", "sandbox")]),
                exports(&[
                    ("BPCTL_PROVIDER", "onapp"),
                    ("BPCTL_API_URL", onapp),
                    ("BPCTL_USER", "sandbox"),
                    ("BPCTL_TOKEN", "sandbox"),
                ]),
            ),
        })?;
        cx.ui.flush()?;
        cx.ui
            .note("any token is accepted; run one of the `export` lines in another terminal; Ctrl-C stops the sandbox");
        while let Some(line) = requests.recv().await {
            cx.ui.raw_error(&line);
        }
        // Ends with the interruption that the runtime listens for, or with the process.
        std::future::pending::<()>().await;
        drop(running);
        Ok(())
    }

    fn onapp_mode(wanted: &[OnAppMode]) -> sandbox::OnAppMode {
        let has = |mode| wanted.contains(&mode);
        sandbox::OnAppMode {
            incremental: !has(OnAppMode::NormalOnly),
            settings: !has(OnAppMode::NoSettings),
            superb: has(OnAppMode::Superb),
            created: if has(OnAppMode::EmptyReplies) {
                Created::Empty
            } else if has(OnAppMode::ParentReplies) {
                Created::Parent
            } else {
                Created::Object
            },
            old_replies: has(OnAppMode::OldReplies),
        }
    }

    /// Spells the line that points another terminal's commands at the sandbox.
    fn exports(variables: &[(&str, &str)]) -> String {
        let pairs: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("  export {}", pairs.join(" "))
    }

    fn reset(cx: &Context, args: &SandboxReset) -> Result<()> {
        let file = cx.paths().sandbox_file()?;
        if cx.global.dry_run {
            cx.ui.note(&format!("dry run: the sandbox would start over; left as it is ({})", file.display()));
            return Ok(());
        }
        sandbox::reset(&file, &seed(args.machines, args.policies), &sandbox::system_clock()).map_err(|error| {
            Error::io(&format!("cannot write the sandbox state {}", file.display()), &error)
                .hint("make its directory writable, or set `XDG_DATA_HOME` to one that is")
        })?;
        let journal = cx.journal()?;
        // The sandbox has started over even so; an undo of what is gone finds nothing, and says so.
        if let Err(error) = journal.reset(SANDBOX_API) {
            cx.ui.warn(&format!("{}: {}", journal.path().display(), reason(&error)));
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

    /// Refuses: this build has no simulator.
    pub async fn run(_: &Context, _: SandboxCommand) -> Result<()> {
        Err(Error::usage("this build of bpctl has no sandbox").hint("build it with the feature `sandbox`"))
    }
}
