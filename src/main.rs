//! The bpctl program.

use std::process::ExitCode;

fn main() -> ExitCode {
    bpctl::main(std::env::args_os().collect())
}
