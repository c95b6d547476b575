//! Relative links in the documents lead to files and headings that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The documents: those of the root, and those in `docs`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = [root.to_owned(), root.join("docs")].map(|directory| fs::read_dir(directory).unwrap());
    let files = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The lines outside of code blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// What links point to: `docs/install.md#cargo`.
fn targets(page: &str) -> BTreeSet<String> {
    let links = prose(page).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split_once(')'));
    links.map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of a page's headings, as GitHub and crates.io make them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let is_kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let anchor = |heading: &str| heading.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-");
    headings.map(anchor).collect()
}

#[test]
fn relative_links_lead_somewhere() {
    let (mut broken, mut checked) = (Vec::new(), 0);
    for file in pages() {
        let page = fs::read_to_string(&file).unwrap();
        for target in targets(&page).iter().filter(|target| !target.contains("://")) {
            checked += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let is_found = match anchor {
                "" => there.exists(),
                anchor => fs::read_to_string(&there).is_ok_and(|page| anchors(&page).contains(anchor)),
            };
            if !is_found {
                broken.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links to nothing:\n{}", broken.join("\n"));
    assert!(checked > 20, "only {checked} links were found");
}
