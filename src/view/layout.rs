//! Makes a table as wide as a terminal: decides which columns are shown, how wide they are, and whether times are
//! relative only.
//!
//! In this order: times lose their absolute part, long text is shortened a little, less important columns go, and text is
//! shortened as far as it must be.

/// Spaces between columns.
pub(super) const GAP: usize = 2;
/// What is left of a column that is shortened, where that is possible.
const SHORTEST: usize = 8;

/// The rank of a column that says nothing: it goes before text is shortened.
pub(super) const EMPTY: u8 = u8::MAX;

/// What a column needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    /// Its widest text or its header.
    pub(super) full: usize,
    /// The same where times are relative only.
    pub(super) relative: usize,
    pub(super) rank: u8,
    pub(super) is_flexible: bool,
    /// What it gets before others have to go for it, where it is flexible.
    pub(super) comfortable: usize,
}

/// How a table is drawn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The width of each column; none for one that is left out.
    pub(super) widths: Vec<Option<usize>>,
    pub(super) is_relative: bool,
}

impl Layout {
    /// Draws everything in full.
    pub(super) fn full(needs: &[Need]) -> Self {
        Self { widths: needs.iter().map(|need| Some(need.full)).collect(), is_relative: false }
    }

    /// Fits a table into `room` columns of a terminal.
    pub(super) fn fit(needs: &[Need], room: usize) -> Self {
        let mut is_shown = vec![true; needs.len()];
        loop {
            let has_empty = (0..needs.len()).any(|index| is_shown[index] && needs[index].rank == EMPTY);
            for (is_relative, is_short) in [(false, false), (true, false), (true, true)] {
                if is_short && has_empty {
                    break;
                }
                let wanted = |need: &Need| if is_relative { need.relative } else { need.full };
                let least = |need: &Need| {
                    if is_short && need.is_flexible { wanted(need).min(need.comfortable) } else { wanted(need) }
                };
                let mut widths: Vec<Option<usize>> =
                    needs.iter().zip(&is_shown).map(|(need, is_shown)| is_shown.then(|| least(need))).collect();
                if let Some(spare) = room.checked_sub(total(&widths)) {
                    widen(&mut widths, &needs.iter().map(wanted).collect::<Vec<_>>(), spare);
                    return Self { widths, is_relative };
                }
            }
            let droppable = (0..needs.len()).filter(|index| is_shown[*index] && needs[*index].rank > 0);
            let is_last = is_shown.iter().filter(|is_shown| **is_shown).count() == 1;
            match droppable.max_by_key(|index| needs[*index].rank).filter(|_| !is_last) {
                Some(index) => is_shown[index] = false,
                None => return Self::squeeze(needs, &is_shown, room),
            }
        }
    }

    /// Fits the columns that cannot be left out, whatever it takes.
    fn squeeze(needs: &[Need], is_shown: &[bool], room: usize) -> Self {
        let most = |need: &Need| if need.is_flexible { need.relative.min(room) } else { need.relative };
        let mut widths: Vec<Option<usize>> =
            needs.iter().zip(is_shown).map(|(need, is_shown)| is_shown.then(|| most(need))).collect();
        for shortest in [SHORTEST, 1] {
            // The widest gives first, a column of the terminal at a time: two that are as wide give alike.
            while total(&widths) > room {
                let flexible = (0..needs.len()).filter(|index| needs[*index].is_flexible);
                let Some(index) =
                    flexible.max_by_key(|index| widths[*index]).filter(|index| widths[*index] > Some(shortest))
                else {
                    break;
                };
                widths[index] = widths[index].map(|width| width - 1);
            }
        }
        while total(&widths) > room {
            let shown: Vec<usize> = (0..widths.len()).filter(|index| widths[*index].is_some()).collect();
            match shown.as_slice() {
                [.., last] if shown.len() > 1 => widths[*last] = None,
                [only] => widths[*only] = Some(room.max(1)),
                _ => break,
            }
            if shown.len() == 1 {
                break;
            }
        }
        Self { widths, is_relative: true }
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown: Vec<usize> = widths.iter().flatten().copied().collect();
    shown.iter().sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

/// Deals spare room to the columns that want more, the one that wants least first.
fn widen(widths: &mut [Option<usize>], wanted: &[usize], mut spare: usize) {
    let missing = |widths: &[Option<usize>], index: usize| widths[index].map_or(0, |width| wanted[index] - width);
    let mut open: Vec<usize> = (0..widths.len()).filter(|index| missing(widths, *index) > 0).collect();
    open.sort_by_key(|index| missing(widths, *index));
    for (done, index) in open.iter().enumerate() {
        let share = spare / (open.len() - done);
        let more = missing(widths, *index).min(share);
        widths[*index] = widths[*index].map(|width| width + more);
        spare -= more;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn need(full: usize, relative: usize, rank: u8, is_flexible: bool) -> Need {
        Need { full, relative, rank, is_flexible, comfortable: 20 }
    }

    #[test]
    fn times_go_first_then_columns_then_text() {
        // An id, a name, a size and a time.
        let needs = [need(20, 20, 0, false), need(30, 30, 0, true), need(8, 8, 2, false), need(25, 8, 1, false)];
        let fit = |room| Layout::fit(&needs, room);
        assert_eq!(fit(89), Layout { widths: vec![Some(20), Some(30), Some(8), Some(25)], is_relative: false });
        assert_eq!(fit(88), Layout { widths: vec![Some(20), Some(30), Some(8), Some(8)], is_relative: true });
        assert_eq!(fit(70), Layout { widths: vec![Some(20), Some(28), Some(8), Some(8)], is_relative: true });
        assert_eq!(fit(60), Layout { widths: vec![Some(20), Some(28), None, Some(8)], is_relative: true });
        assert_eq!(fit(50), Layout { widths: vec![Some(20), Some(28), None, None], is_relative: true });
        assert_eq!(fit(40), Layout { widths: vec![Some(20), Some(18), None, None], is_relative: true });
        assert_eq!(fit(21), Layout { widths: vec![Some(20), None, None, None], is_relative: true });
        assert_eq!(fit(10), Layout { widths: vec![Some(10), None, None, None], is_relative: true });
    }

    proptest! {
        #[test]
        fn a_table_always_fits(
            columns in prop::collection::vec((0..60_usize, 0..60_usize, 0..6_u8, any::<bool>()), 1..12), room in 1..220_usize,
        ) {
            let needs: Vec<Need> =
                columns.into_iter().map(|(a, b, rank, is_flexible)| need(a.max(b), b, rank, is_flexible)).collect();
            let layout = Layout::fit(&needs, room);
            prop_assert!(total(&layout.widths) <= room, "{layout:?}");
            prop_assert!(layout.widths.iter().any(Option::is_some));
        }
    }
}
