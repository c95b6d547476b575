//! The bpctl program.

fn main() {}
