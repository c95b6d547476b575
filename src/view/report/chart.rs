//! The totals as an inline SVG: one bar for machines, one for disks of no machine, one for disks covered.

use std::fmt::Write;

use super::totals_lines;
use crate::model::coverage::Totals;

const WIDTH: usize = 640;
const BAR: usize = 26;
const STEP: usize = 58;

/// Draws the chart. It holds numbers and words of ours alone.
pub(super) fn chart(totals: &Totals) -> String {
    let words = totals_lines(totals);
    let mut bars = vec![verdict_parts(&totals.machines.parts().map(|(verdict, number)| (verdict.word(), number)))];
    if totals.loose_disks.all() > 0 {
        bars.push(verdict_parts(&totals.loose_disks.parts().map(|(verdict, number)| (verdict.word(), number))));
    }
    bars.push(verdict_parts(&[("ok", totals.covered), ("none", totals.disks - totals.covered)]));
    let height = STEP * bars.len();
    let mut svg = format!(
        "<figure>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"chart-title\">\n\
         <title id=\"chart-title\">{}</title>\n",
        words.join("; ")
    );
    for (number, (bar, words)) in bars.iter().zip(&words).enumerate() {
        let top = number * STEP;
        let _ = writeln!(svg, "<text x=\"0\" y=\"{}\">{words}</text>", top + 16);
        for (class, start, width) in bar {
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{start}\" y=\"{}\" width=\"{width}\" height=\"{BAR}\"/>",
                top + 24
            );
        }
    }
    svg.push_str("</svg>\n</figure>\n");
    svg
}

/// Gives class, start and width of each part that is not empty.
fn verdict_parts(parts: &[(&'static str, usize)]) -> Vec<(&'static str, usize, usize)> {
    let all: usize = parts.iter().map(|(_, number)| number).sum();
    let mut done = 0;
    let mut bars = Vec::new();
    for (class, number) in parts.iter().filter(|(_, number)| *number > 0) {
        let start = WIDTH * done / all;
        done += number;
        bars.push((*class, start, WIDTH * done / all - start));
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_the_bar_without_gaps() {
        let parts = verdict_parts(&[("none", 1), ("partial", 0), ("weak", 2), ("ok", 4)]);
        assert_eq!(parts.iter().map(|(.., width)| width).sum::<usize>(), WIDTH);
        assert!(parts.windows(2).all(|pair| pair[0].1 + pair[0].2 == pair[1].1));
        assert!(verdict_parts(&[("none", 0)]).is_empty());
    }
}
