//! How the time to decode pages, and to render a list, grows with its rows: `cargo bench --bench growth`.
//!
//! `tests/growth` holds what is allocated to the same laws without measuring time.

#![expect(clippy::unwrap_used, reason = "a measurement stops where it cannot go on")]

mod rows;

use bpctl::args::Format;
use divan::Bencher;
use divan::counter::ItemsCount;

use crate::rows::{answers, decoded, rendered};

const ROWS: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

#[divan::bench(args = ROWS, sample_count = 20)]
fn decode_page(bencher: Bencher, rows: usize) {
    let answers = answers(rows);
    bencher.counter(ItemsCount::new(rows)).bench_local(|| decoded(&answers));
}

#[divan::bench(args = ROWS, sample_count = 20)]
fn render_table(bencher: Bencher, rows: usize) {
    render(bencher, rows, Format::Table);
}

#[divan::bench(args = ROWS, sample_count = 20)]
fn render_json(bencher: Bencher, rows: usize) {
    render(bencher, rows, Format::Json);
}

fn render(bencher: Bencher, rows: usize, format: Format) {
    let rows_in = || decoded(&answers(rows));
    bencher.counter(ItemsCount::new(rows)).with_inputs(rows_in).bench_local_values(|rows| rendered(rows, format));
}
